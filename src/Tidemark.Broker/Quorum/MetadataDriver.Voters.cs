using Tidemark.Broker.Links;
using Tidemark.Broker.Quorum.Wire;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;

namespace Tidemark.Broker.Quorum;

/// <summary>What a member asks of others when voters change (KIP-853).</summary>
public sealed partial class MetadataDriver
{
    private async Task SendVoterChange(NodeLink link, SendToPeer send, TimeSpan timeout)
    {
        switch (send)
        {
            case SendAddVoter add:
                AddRaftVoterResponse added = await link.Send<AddRaftVoterRequest, AddRaftVoterResponse>(
                    VoterChangeWire.Request(add.Ask, _options.ClusterId, timeout), timeout);
                Enqueue(() => Member.OnVoterChangeAnswered(send.Request, VoterChangeWire.OfError(added.ErrorCode), Now));
                break;
            case SendRemoveVoter remove:
                RemoveRaftVoterResponse removed = await link.Send<RemoveRaftVoterRequest, RemoveRaftVoterResponse>(
                    VoterChangeWire.Request(remove.Ask, _options.ClusterId), timeout);
                Enqueue(() => Member.OnVoterChangeAnswered(send.Request, VoterChangeWire.OfError(removed.ErrorCode), Now));
                break;
            case SendUpdateVoter update:
                UpdateRaftVoterResponse updated = await link.Send<UpdateRaftVoterRequest, UpdateRaftVoterResponse>(
                    VoterChangeWire.Request(update.Ask, _options.ClusterId), timeout);
                Enqueue(() => Member.OnVoterChangeAnswered(send.Request, VoterChangeWire.Read(updated, _options.ControllerListenerName), Now));
                break;
            case SendApiVersions:
                ApiVersionsResponse versions = await link.Send<ApiVersionsRequest, ApiVersionsResponse>(
                    new ApiVersionsRequest { ClientSoftwareName = "tidemark", ClientSoftwareVersion = "0.1.0" }, timeout);
                ApiVersionsResponse.SupportedFeatureKey? range = versions.SupportedFeatures.Find(feature => feature.Name == "kraft.version");
                Enqueue(() => Member.OnApiVersionsAnswered(send.Request, versions.ErrorCode, range?.MinVersion ?? 0, range?.MaxVersion ?? 0, Now));
                break;
        }
    }
}
