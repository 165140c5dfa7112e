using System.Collections.Immutable;
using System.Globalization;

namespace Tidemark.Metadata.Configuration;

/// <summary>A limit on the values of a key, with the words that tell an operator what is allowed.</summary>
public abstract record ConfigRule
{
    /// <summary>Every value of the key's type.</summary>
    public static ConfigRule Any { get; } = new AnyRule();

    /// <summary>A list must not be given empty.</summary>
    public static ConfigRule NonEmptyList { get; } = new NonEmptyListRule();

    /// <summary>A text must not be given empty.</summary>
    public static ConfigRule NonEmptyString { get; } = new NonEmptyStringRule();

    /// <summary>A level of gzip: 1 to 9, or -1 for the codec's own default.</summary>
    public static ConfigRule GzipLevel { get; } = new GzipLevelRule();

    /// <summary>Pairs of partition and broker, or a star.</summary>
    public static ConfigRule ThrottledReplicas { get; } = new ThrottledReplicasRule();

    /// <summary>Where a share group starts: an end of the log, or an ISO 8601 duration before now.</summary>
    public static ConfigRule ShareOffsetReset { get; } = new ShareOffsetResetRule();

    /// <summary>What is allowed, in Kafka's notation; empty when everything is.</summary>
    public abstract string Allowed { get; }

    /// <summary>True when the parsed value is allowed.</summary>
    public abstract bool Accepts(ConfigValue value);

    public static ConfigRule Range(double minimum, double maximum) => new RangeRule(minimum, maximum);

    public static ConfigRule ListOf(bool emptyAllowed, params string[] values) => new ListOfRule([.. values], emptyAllowed);

    private sealed record AnyRule : ConfigRule
    {
        public override string Allowed => "";

        public override bool Accepts(ConfigValue value) => true;
    }

    private sealed record NonEmptyListRule : ConfigRule
    {
        public override string Allowed => "non-empty list";

        public override bool Accepts(ConfigValue value) => !value.AsList().IsEmpty && !value.AsList().Contains("");
    }

    private sealed record NonEmptyStringRule : ConfigRule
    {
        public override string Allowed => "non-empty string";

        public override bool Accepts(ConfigValue value) => value.Text.Length > 0;
    }

    private sealed record RangeRule(double Minimum, double Maximum) : ConfigRule
    {
        public override string Allowed => double.IsPositiveInfinity(Maximum)
            ? string.Create(CultureInfo.InvariantCulture, $"[{Minimum},...]")
            : string.Create(CultureInfo.InvariantCulture, $"[{Minimum},...,{Maximum}]");

        public override bool Accepts(ConfigValue value) => value.AsDouble() >= Minimum && value.AsDouble() <= Maximum;
    }

    internal sealed record OneOfRule(ImmutableArray<string> Values, bool IgnoreCase) : ConfigRule
    {
        public override string Allowed => (IgnoreCase ? "(case insensitive) [" : "[") + string.Join(", ", Values) + "]";

        public override bool Accepts(ConfigValue value) =>
            Values.Contains(value.Text, IgnoreCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
    }

    private sealed record ListOfRule(ImmutableArray<string> Values, bool EmptyAllowed) : ConfigRule
    {
        public override string Allowed => "[" + string.Join(", ", Values) + "]";

        public override bool Accepts(ConfigValue value)
        {
            ImmutableArray<string> list = value.AsList();
            return list.All(item => Values.Contains(item)) && list.Distinct().Count() == list.Length && (EmptyAllowed || !list.IsEmpty);
        }
    }

    private sealed record GzipLevelRule : ConfigRule
    {
        public override string Allowed => "[1,...,9] or -1";

        public override bool Accepts(ConfigValue value) => value.AsLong() is -1 or (>= 1 and <= 9);
    }

    private sealed record ThrottledReplicasRule : ConfigRule
    {
        public override string Allowed => "[partitionId]:[brokerId],[partitionId]:[brokerId],...";

        public override bool Accepts(ConfigValue value)
        {
            ImmutableArray<string> list = value.AsList();
            return list.IsEmpty || list is ["*"] || list.All(each => each.Length == 0 || IsPair(each));
        }

        private static bool IsPair(string text)
        {
            string[] halves = text.Split(':');
            return halves.Length == 2 && halves.All(half => half.Length > 0 && half.All(char.IsAsciiDigit));
        }
    }

    private sealed record ShareOffsetResetRule : ConfigRule
    {
        private const string DurationPrefix = "by_duration:";

        public override string Allowed => "[latest, earliest, by_duration:PnDTnHnMn.nS]";

        public override bool Accepts(ConfigValue value)
        {
            string text = value.Text.ToLowerInvariant();
            return text is "latest" or "earliest"
                || (text.StartsWith(DurationPrefix, StringComparison.Ordinal) && IsDuration(value.Text[DurationPrefix.Length..].ToUpperInvariant()));
        }

        /// <summary>Days, hours, minutes and seconds in this order, at least one of them, none negative (ISO 8601).</summary>
        private static bool IsDuration(string text)
        {
            if (!text.StartsWith('P'))
            {
                return false;
            }

            string order = "DTHMS";
            int next = 0;
            int parts = 0;
            int digits = 0;
            foreach (char c in text.AsSpan(1))
            {
                if (char.IsAsciiDigit(c) || c == '.')
                {
                    digits++;
                    continue;
                }

                int at = order.IndexOf(c, next);
                if (at < 0 || (c == 'T') == (digits > 0) || (c is 'H' or 'M' or 'S' && next < 2))
                {
                    return false;
                }

                next = at + 1;
                parts += c == 'T' ? 0 : 1;
                digits = 0;
            }

            return parts > 0 && digits == 0 && !text.EndsWith('T');
        }
    }
}
