using System.Text;
using Microsoft.Extensions.Logging;
using Tidemark.Broker.Dispatch;
using Tidemark.Metadata.Image;
using Tidemark.Protocol;
using Tidemark.Server.Configuration;
using Tidemark.Server.Lifecycle;
using Tidemark.Server.Logging;
using Tidemark.Storage.Files;

namespace Tidemark.Server.Documentation;

/// <summary>docs/PROTOCOL.md, written from the dispatch table of a node and the definitions of the messages.</summary>
public static class ProtocolPage
{
    public static string Write()
    {
        (Dictionary<ApiKey, ServedApi> served, Dictionary<ApiKey, ServedApi> toNodes) = ServedByNode();
        var page = new StringBuilder();
        page.Append("""
            # Protocol

            Written by `tidemark docs protocol` from the dispatch table that requests go through and from the definitions of the messages; a test compares the two.

            Tidemark speaks Apache Kafka's protocol over TCP: every request is a length, a header with API key, version and correlation id, and a body. Messages are defined in
            `src/Tidemark.Protocol/Messages/`, one file an API. What is not served is not advertised in ApiVersions; a request for it closes the connection,
            and an unknown version of ApiVersions is answered with UNSUPPORTED_VERSION and the versions of ApiVersions itself (KIP-511).

            *Served* are the versions that are answered, *defined* those that Apache Kafka 4.3 knows. *Flexible* versions have compact forms and tagged fields (KIP-482).

            ## Served

            | key | API | served | defined | flexible from |
            |---|---|---|---|---|

            """);
        WriteServed(page, served);
        page.Append("""

            ## Between nodes

            The controllers' listeners (`controller.listener.names`) serve these to brokers, to other controllers and to tools that ask a controller; where an API is served to clients too, its answer there is
            the controller's own.

            | key | API | served | defined | flexible from |
            |---|---|---|---|---|

            """);
        WriteServed(page, toNodes);
        page.Append("\n## Defined, not served\n\nThese belong to what this version does not have yet. Their messages are defined, encoded and decoded, and nothing answers them.\n\n| key | API | defined |\n|---|---|---|\n");
        foreach (ApiDescriptor api in MessageCatalog.Apis.Where(a => !served.ContainsKey(a.Key) && !toNodes.ContainsKey(a.Key) && !a.IsRetired))
        {
            page.Append($"| {(short)api.Key} | {api.Name} | {Range(api.LowestVersion, api.HighestVersion)} |\n");
        }

        return page.ToString();
    }

    private static void WriteServed(StringBuilder page, Dictionary<ApiKey, ServedApi> served)
    {
        foreach (ApiDescriptor api in MessageCatalog.Apis.Where(a => served.ContainsKey(a.Key)))
        {
            ServedApi one = served[api.Key];
            string versions = Range(one.LowestVersion, one.HighestVersion);
            if (one.AdvertisedLowestVersion != one.LowestVersion)
            {
                versions += $" (advertised from {one.AdvertisedLowestVersion})";
            }

            if (!one.IsAdvertised)
            {
                versions += " (not advertised)";
            }

            page.Append($"| {(short)api.Key} | {api.Name} | {versions} | {Range(api.LowestVersion, api.HighestVersion)} | {(api.FlexibleFrom == short.MaxValue ? "–" : $"{api.FlexibleFrom}")} |\n");
        }
    }

    private static string Range(short lowest, short highest) => lowest == highest ? $"{lowest}" : $"{lowest}–{highest}";

    /// <summary>Puts a node together, on a directory that is removed again, and asks what it would serve. It is never started.</summary>
    private static (Dictionary<ApiKey, ServedApi> ToClients, Dictionary<ApiKey, ServedApi> ToNodes) ServedByNode()
    {
        string directory = Directory.CreateTempSubdirectory("tidemark-docs-").FullName;
        try
        {
            NodeOptions options = NodeOptions.Read(
                new Dictionary<string, string>
                {
                    ["process.roles"] = "broker,controller",
                    ["node.id"] = "1",
                    ["listeners"] = "PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0",
                    ["controller.listener.names"] = "CONTROLLER",
                    ["controller.quorum.voters"] = "1@127.0.0.1:0",
                    ["log.dirs"] = directory,
                },
                out _);
            NodeDirectories.Format(new SystemDisk(), options, NodeDirectories.RandomId().ToString(), MetadataVersion.Latest, new Dictionary<string, short>(), null, ignoreFormatted: false);
            var node = new Node(options, new StreamLoggerFactory(Stream.Null, new TextLogFormat(colours: false), new LogLevels(LogLevel.None), TimeProvider.System));
            try
            {
                return (node.Served.ToDictionary(s => s.Api), node.ServedToNodes.ToDictionary(s => s.Api));
            }
            finally
            {
                node.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
