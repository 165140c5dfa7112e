using Tidemark.Protocol.Generator.Model;

namespace Tidemark.Protocol.Generator.Parsing;

/// <summary>
/// Reads a definition's first line:
/// <code>
/// api 12 Heartbeat  v0-4  flexible v4+  on broker
/// api 4 LeaderAndIsr  retired
/// metadata 5 PartitionChangeRecord  v0-2  flexible v0+
/// group 1 OffsetCommit                       (versions stand with its key and value sections)
/// data EndTxnMarker  v0
/// </code>
/// </summary>
public static class HeaderParser
{
    public static HeaderModel? Parse(TokenReader line)
    {
        Place place = line.Place;
        string kind = line.Take("what is defined") ?? "";
        if (!DefinitionKinds.IsKnown(kind))
        {
            line.Fail(place, $"'{kind}' is not a kind of definition; one of {DefinitionKinds.List} starts the file.");
            return null;
        }

        int key = -1;
        if (DefinitionKinds.HasKey(kind) && !line.TryTakeNumber("the message's key", out key))
        {
            return null;
        }

        Place namePlace = line.Place;
        if (line.TakeName("the message's name") is not { } name)
        {
            return null;
        }

        var header = new HeaderModel(
            kind, key, name, VersionRange.None, VersionRange.None, VersionRange.None, false, false, false, -1, namePlace);
        return ParseRest(line, header);
    }

    private static HeaderModel? ParseRest(TokenReader line, HeaderModel header)
    {
        if (line.TryTake("retired"))
        {
            return header with { IsRetired = true };
        }

        if (!DefinitionKinds.VersionsStandWithSections(header.Kind))
        {
            if (!line.TryTakeVersions(out VersionRange versions))
            {
                return null;
            }

            header = header with { Versions = versions };
        }

        while (!line.AtEnd)
        {
            Place place = line.Place;
            string word = line.Take("an option")!;
            HeaderModel? next = word switch
            {
                "flexible" => line.TryTakeVersions(out VersionRange flexible) ? header with { Flexible = flexible } : null,
                "unstable" => line.TryTakeVersions(out VersionRange unstable) ? header with { Unstable = unstable } : null,
                "response-header" => line.TryTakeVersions(out VersionRange version) ? header with { ResponseHeaderVersion = version.Low } : null,
                "on" => ParseListeners(line, header),
                _ => Unknown(line, place, word),
            };
            if (next is null)
            {
                return null;
            }

            header = next;
        }

        return header;
    }

    private static HeaderModel? ParseListeners(TokenReader line, HeaderModel header)
    {
        do
        {
            Place place = line.Place;
            string? word = line.Take("broker or controller");
            if (word is not ("broker" or "controller"))
            {
                if (word is not null)
                {
                    line.Fail(place, $"'{word}' is not a listener: broker or controller.");
                }

                return null;
            }

            header = word == "broker" ? header with { OnBroker = true } : header with { OnController = true };
        }
        while (line.TryTake(","));
        return header;
    }

    private static HeaderModel? Unknown(TokenReader line, Place place, string word)
    {
        line.Fail(place, $"'{word}' is not an option here; known are flexible, on, unstable, response-header and retired.");
        return null;
    }
}
