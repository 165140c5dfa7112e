namespace Tidemark.Protocol.Tests.Vectors;

/// <summary>A test that needs a file of vectors from outside; skipped, with that reason, where there is none.</summary>
public sealed class ForeignVectorsFactAttribute : FactAttribute
{
    public ForeignVectorsFactAttribute()
    {
        if (MessageVector.ForeignPath is null)
        {
            Skip = "TIDEMARK_VECTORS names no second file of encoded messages.";
        }
    }
}
