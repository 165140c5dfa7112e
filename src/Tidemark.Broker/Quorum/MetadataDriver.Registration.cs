using Tidemark.Broker.Links;
using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Quorum;

/// <summary>
/// Every controller is known to the cluster with its endpoints and the features that it can work with (KIP-919): the active one notes
/// itself, the others ask it to, in each life of their process.
/// </summary>
public sealed partial class MetadataDriver
{
    private static readonly TimeSpan s_registerAgain = TimeSpan.FromSeconds(1);

    private Uuid _incarnation;
    private TimeSpan _registerNotBefore;

    /// <summary>Names this life of the process.</summary>
    private Uuid Incarnation => _incarnation.IsZero ? _incarnation = NewId() : _incarnation;

    private ControllerRegistrationRequest Registration() => new()
    {
        ControllerId = _options.NodeId,
        IncarnationId = Incarnation,
        Listeners = [.. _options.ControllerEndpoints().Select(each => new ControllerRegistrationRequest.Listener
        {
            Name = each.ListenerName,
            Host = each.Host,
            Port = each.Port,
            SecurityProtocol = each.SecurityProtocol,
        })],
        Features = [.. FeatureTable.Supported.Select(each => new ControllerRegistrationRequest.Feature
        {
            Name = each.Key,
            MinSupportedVersion = each.Value.Lowest,
            MaxSupportedVersion = each.Value.Highest,
        }), .. IsAlone ? [] : (IEnumerable<ControllerRegistrationRequest.Feature>)[new() { Name = FeatureTable.ProvenHeartbeats, MaxSupportedVersion = 1 }]],
    };

    /// <summary>The active controller notes itself; where there are others in each epoch anew, because the next one goes by that (see <see cref="SessionsBegin"/>).</summary>
    private void RegisterController()
    {
        ControllerContext context = Context(_replay.ToImage());
        if (context.Version.HasControllerRegistration && (!IsAlone || !IsRegistered(context.Image)))
        {
            Append(Tidemark.Metadata.Commands.RegisterController.Decide(context, Registration()).Records);
        }
    }

    /// <summary>Asks the active controller to note this one, where what is committed does not have it; again a while later where that failed.</summary>
    private void RegisterAtController()
    {
        if (_isLeading || !_isPublished || !_options.IsController || Now < _registerNotBefore
            || !_committed.Version.HasControllerRegistration || IsRegistered(_committed)
            || Member.LeaderNode is not { } leader || leader.Value == _options.NodeId
            || _peers.AddressOf(Member.LeaderEndpoints) is not { } address)
        {
            return;
        }

        _registerNotBefore = Now + s_registerAgain;
        _ = RegisterAt(address);
    }

    private async Task RegisterAt(NodeAddress address)
    {
        try
        {
            ControllerRegistrationResponse response = await _peers.ToRegister(address)
                .Send<ControllerRegistrationRequest, ControllerRegistrationResponse>(Registration(), _options.Timeouts.Request);
            if (response.ErrorCode is not (ErrorCode.None or ErrorCode.NotController))
            {
                QuorumLog.NotRegistered(_log, _options.NodeId, $"{response.ErrorCode} {response.ErrorMessage}");
            }
        }
        catch (LinkException e)
        {
            QuorumLog.NotRegistered(_log, _options.NodeId, e.Message);
        }
    }

    private bool IsRegistered(MetadataImage image) =>
        image.Controllers.TryGetValue(_options.NodeId, out ControllerImage? known) && known.IncarnationId == Incarnation;
}
