namespace Tidemark.Protocol;

/// <summary>An API as its definition describes it.</summary>
/// <param name="Key">Its number.</param>
/// <param name="Name">Its name, as in <c>Fetch</c>.</param>
/// <param name="LowestVersion">The lowest version defined.</param>
/// <param name="HighestVersion">The highest version defined; below the lowest when the API is retired.</param>
/// <param name="HighestStableVersion">The highest version that may be advertised.</param>
/// <param name="FlexibleFrom">The first version with compact forms and tagged fields (KIP-482); <see cref="short.MaxValue"/> for none.</param>
/// <param name="OnBroker">Whether brokers' listeners serve it.</param>
/// <param name="OnController">Whether controllers' listeners serve it.</param>
/// <param name="FixedResponseHeader">The one version of the response header, or -1 when it follows flexibility.</param>
public readonly record struct ApiDescriptor(
    ApiKey Key,
    string Name,
    short LowestVersion,
    short HighestVersion,
    short HighestStableVersion,
    short FlexibleFrom,
    bool OnBroker,
    bool OnController,
    short FixedResponseHeader)
{
    /// <summary>Whether the number is only kept from being used again.</summary>
    public bool IsRetired => HighestVersion < LowestVersion;

    public bool Supports(short version) => version >= LowestVersion && version <= HighestVersion;

    public bool IsFlexible(short version) => version >= FlexibleFrom;

    /// <summary>The version of the header before a request of a version.</summary>
    public short RequestHeaderVersion(short version) => IsFlexible(version) ? (short)2 : (short)1;

    /// <summary>The version of the header before the response to a request of a version.</summary>
    public short ResponseHeaderVersion(short version) =>
        FixedResponseHeader >= 0 ? FixedResponseHeader : IsFlexible(version) ? (short)1 : (short)0;
}
