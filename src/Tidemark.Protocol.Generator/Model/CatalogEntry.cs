namespace Tidemark.Protocol.Generator.Model;

/// <summary>What the catalog and the checks across files need of a definition file; it changes less often than the file.</summary>
public sealed record CatalogEntry(string Path, HeaderModel Header, string Summary, EquatableArray<string> ClassNames);
