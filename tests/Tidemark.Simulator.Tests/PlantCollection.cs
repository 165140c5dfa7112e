namespace Tidemark.Simulator.Tests;

/// <summary>Which fault is planted holds for the whole process: what runs scenarios runs one class after the other.</summary>
[CollectionDefinition(Name)]
public sealed class PlantCollection
{
    public const string Name = "plants";
}
