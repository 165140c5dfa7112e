using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;

namespace Tidemark.Broker.Quorum.Wire;

/// <summary>API keys 80 to 82: AddRaftVoter, RemoveRaftVoter and UpdateRaftVoter (KIP-853).</summary>
internal static class VoterChangeWire
{
    public static AddRaftVoterRequest Request(AddVoterAsk ask, string clusterId, TimeSpan timeout) => new()
    {
        ClusterId = clusterId,
        TimeoutMs = (int)timeout.TotalMilliseconds,
        VoterId = ask.Voter.Node.Value,
        VoterDirectoryId = ask.Voter.Directory,
        Listeners = [.. ask.Endpoints.Select(at => new AddRaftVoterRequest.Listener { Name = at.ListenerName, Host = at.Host, Port = at.Port })],
        AckWhenCommitted = ask.AckWhenCommitted,
    };

    public static AddVoterAsk Read(AddRaftVoterRequest request) => new(
        new ReplicaKey(new BrokerId(request.VoterId), request.VoterDirectoryId),
        [.. request.Listeners.Select(at => new VoterEndpoint(at.Name, at.Host, at.Port))],
        request.AckWhenCommitted);

    public static RemoveRaftVoterRequest Request(RemoveVoterAsk ask, string clusterId) => new()
    {
        ClusterId = clusterId,
        VoterId = ask.Voter.Node.Value,
        VoterDirectoryId = ask.Voter.Directory,
    };

    public static RemoveVoterAsk Read(RemoveRaftVoterRequest request) =>
        new(new ReplicaKey(new BrokerId(request.VoterId), request.VoterDirectoryId));

    public static UpdateRaftVoterRequest Request(UpdateVoterAsk ask, string clusterId) => new()
    {
        ClusterId = clusterId,
        CurrentLeaderEpoch = ask.Epoch.Value,
        VoterId = ask.Voter.Key.Node.Value,
        VoterDirectoryId = ask.Voter.Key.Directory,
        Listeners = [.. ask.Voter.Endpoints.Select(at => new UpdateRaftVoterRequest.Listener { Name = at.ListenerName, Host = at.Host, Port = at.Port })],
        KRaftVersionFeature = new UpdateRaftVoterRequest.KRaftVersionFeatureValue
        {
            MinSupportedVersion = ask.Voter.KRaftVersionLowest,
            MaxSupportedVersion = ask.Voter.KRaftVersionHighest,
        },
    };

    public static UpdateVoterAsk Read(UpdateRaftVoterRequest request) => new(
        new LeaderEpoch(request.CurrentLeaderEpoch),
        new Voter(
            new ReplicaKey(new BrokerId(request.VoterId), request.VoterDirectoryId),
            [.. request.Listeners.Select(at => new VoterEndpoint(at.Name, at.Host, at.Port))],
            request.KRaftVersionFeature.MinSupportedVersion,
            request.KRaftVersionFeature.MaxSupportedVersion));

    public static UpdateRaftVoterResponse Response(QuorumAnswer answer, string listenerName)
    {
        VoterEndpoint? at = answer.Leader is null ? null : QuorumWire.Endpoint(answer.LeaderEndpoints, listenerName);
        return new UpdateRaftVoterResponse
        {
            ErrorCode = answer.Error,
            CurrentLeader = new UpdateRaftVoterResponse.CurrentLeaderValue
            {
                LeaderId = QuorumWire.Wire(answer.Leader),
                LeaderEpoch = answer.Epoch.Value,
                Host = at?.Host ?? "",
                Port = at?.Port ?? 0,
            },
        };
    }

    public static QuorumAnswer Read(UpdateRaftVoterResponse response, string listenerName) =>
        response.CurrentLeader is { } leader
            ? new QuorumAnswer(response.ErrorCode, QuorumWire.Leader(leader.LeaderId), new LeaderEpoch(leader.LeaderEpoch))
            {
                LeaderEndpoints = QuorumWire.Endpoints(listenerName, leader.Host.Length == 0 ? null : leader.Host, leader.Port),
            }
            : OfError(response.ErrorCode);

    /// <summary>An answer that does not tell who leads.</summary>
    public static QuorumAnswer OfError(ErrorCode error) => new(error, null, LeaderEpoch.Unknown);
}
