namespace Tidemark.Protocol;

public static partial class MessageCatalog
{
    /// <summary>Every API that has a definition, retired ones included, by number.</summary>
    public static IEnumerable<ApiDescriptor> Apis => ApiTable.Where(api => api.Name is not null);

    /// <summary>The definition of an API's number. False when no API has it.</summary>
    public static bool TryGetApi(short key, out ApiDescriptor api)
    {
        api = key >= 0 && key < ApiTable.Length ? ApiTable[key] : default;
        return api.Name is not null;
    }

    /// <summary>The definition of an API.</summary>
    public static ApiDescriptor Api(ApiKey key) => ApiTable[(short)key];
}
