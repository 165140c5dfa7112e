using System.Collections.Immutable;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>Notes a starting controller with its endpoints and the feature levels that it works with (KIP-919).</summary>
public static class RegisterController
{
    public static Decision<ControllerRegistrationResponse> Decide(ControllerContext context, ControllerRegistrationRequest request)
    {
        if (!context.Version.HasControllerRegistration)
        {
            return new Decision<ControllerRegistrationResponse>([], new ControllerRegistrationResponse
            {
                ErrorCode = ErrorCode.UnsupportedVersion,
                ErrorMessage = $"The cluster's metadata version {context.Version} has no registration of controllers.",
            });
        }

        var controller = new ControllerImage
        {
            Id = request.ControllerId,
            IncarnationId = request.IncarnationId,
            Endpoints = [.. request.Listeners.Select(each => new EndpointImage(each.Name, each.Host, each.Port, each.SecurityProtocol))],
            Features = request.Features.ToImmutableSortedDictionary(
                each => each.Name, each => new FeatureRange(each.MinSupportedVersion, each.MaxSupportedVersion), StringComparer.Ordinal),
        };
        return new Decision<ControllerRegistrationResponse>(
            [new MetadataRecord(controller.ToRecord(), 0)], new ControllerRegistrationResponse { ErrorMessage = null });
    }
}
