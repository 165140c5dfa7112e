namespace Tidemark.Output;

/// <summary>What a command did to one thing: a sentence for people, an object with <c>--json</c>.</summary>
internal static class Outcome
{
    public static void Write(bool json, string sentence, params (string Key, object? Value)[] facts)
    {
        if (!json)
        {
            Console.Out.WriteLine(sentence);
            return;
        }

        JsonOutput.Write(writer =>
        {
            writer.WriteStartObject();
            foreach ((string key, object? value) in facts)
            {
                writer.WritePropertyName(key);
                JsonOutput.WriteValue(writer, value);
            }

            writer.WriteEndObject();
        });
    }
}
