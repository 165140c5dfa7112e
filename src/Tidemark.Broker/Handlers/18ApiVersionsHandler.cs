using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 18, ApiVersions: what this broker serves, and the cluster's features. The first request of nearly every client.
/// v1 throttle time · v3 the client's software (KIP-511) and features (KIP-584) · v4 features whose lowest level is 0.
/// A version that is not known is answered in version 0 with UNSUPPORTED_VERSION and the versions of this API, so that the client can
/// ask again (KIP-511); the response's header is version 0 always, because the client cannot know more yet.
/// </summary>
public sealed partial class ApiVersionsHandler : MessageHandler<ApiVersionsRequest, ApiVersionsResponse>
{
    private const short Lowest = 0;
    private const short Highest = 4;

    private readonly Func<DispatchTable> _table;
    private readonly IFeatureView _features;

    /// <param name="table">The table that this handler is part of, asked for when it is complete.</param>
    public ApiVersionsHandler(Func<DispatchTable> table, IFeatureView features)
        : base(ApiKey.ApiVersions, Lowest, Highest)
    {
        _table = table;
        _features = features;
    }

    /// <summary>Answers a request of a version that is not known.</summary>
    public static void AnswerUnsupportedVersion(Request request)
    {
        var response = new ApiVersionsResponse { ErrorCode = ErrorCode.UnsupportedVersion };
        response.ApiKeys.Add(new() { ApiKey = (short)ApiKey.ApiVersions, MinVersion = Lowest, MaxVersion = Highest });
        request.Respond(response, version: 0);
    }

    protected override ApiVersionsResponse Refusal(ApiVersionsRequest request, ErrorCode error, short version) => new() { ErrorCode = error };

    protected override ValueTask<ApiVersionsResponse> Answer(ApiVersionsRequest request, Request context)
    {
        var response = new ApiVersionsResponse();
        if (context.ApiVersion >= 3)
        {
            if (!IsSoftwareName(request.ClientSoftwareName) || !IsSoftwareName(request.ClientSoftwareVersion))
            {
                response.ErrorCode = ErrorCode.InvalidRequest;
                return new(response);
            }

            context.Connection.SoftwareName = request.ClientSoftwareName;
            context.Connection.SoftwareVersion = request.ClientSoftwareVersion;
        }

        foreach (ServedApi api in _table().Served.Where(api => api.IsAdvertised))
        {
            response.ApiKeys.Add(new() { ApiKey = (short)api.Api, MinVersion = api.AdvertisedLowestVersion, MaxVersion = api.HighestVersion });
        }

        AddFeatures(response, context.ApiVersion);
        return new(response);
    }

    private void AddFeatures(ApiVersionsResponse response, short version)
    {
        foreach (FeatureRange feature in _features.Supported)
        {
            // Before version 4 clients refuse a lowest level of 0.
            if (version >= 4 || feature.Lowest > 0)
            {
                response.SupportedFeatures.Add(new() { Name = feature.Name, MinVersion = feature.Lowest, MaxVersion = feature.Highest });
            }
        }

        FinalizedFeatures finalized = _features.Finalized;
        response.FinalizedFeaturesEpoch = finalized.Epoch;
        foreach ((string name, short level) in finalized.Levels)
        {
            response.FinalizedFeatures.Add(new() { Name = name, MinVersionLevel = level, MaxVersionLevel = level });
        }
    }

    /// <summary>Letters, digits, dots and dashes, with a letter or a digit at both ends (KIP-511).</summary>
    private static bool IsSoftwareName(string text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.'))
            {
                return false;
            }
        }

        return text.Length > 0 && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1]);
    }
}
