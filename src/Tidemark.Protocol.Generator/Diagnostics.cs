using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using Tidemark.Protocol.Generator.Model;

namespace Tidemark.Protocol.Generator;

/// <summary>The errors that definition files can have, and how they reach the compiler's output.</summary>
public static class Diagnostics
{
    /// <summary>The text does not follow the language.</summary>
    public const string Syntax = "KMSG001";

    /// <summary>The text is well formed but says something that cannot be.</summary>
    public const string Meaning = "KMSG002";

    /// <summary>Two files contradict each other.</summary>
    public const string Conflict = "KMSG003";

    private static readonly DiagnosticDescriptor SyntaxError = Describe(Syntax, "Message definition cannot be read");
    private static readonly DiagnosticDescriptor MeaningError = Describe(Meaning, "Message definition is wrong");
    private static readonly DiagnosticDescriptor ConflictError = Describe(Conflict, "Message definitions contradict each other");

    public static Diagnostic Create(Problem problem)
    {
        Place place = problem.Place;
        var span = new LinePositionSpan(
            new LinePosition(place.Line, place.Column),
            new LinePosition(place.Line, place.Column + place.Length));
        DiagnosticDescriptor descriptor = problem.Id switch
        {
            Syntax => SyntaxError,
            Meaning => MeaningError,
            _ => ConflictError,
        };
        return Diagnostic.Create(descriptor, Location.Create(problem.Path, default, span), problem.Message);
    }

    private static DiagnosticDescriptor Describe(string id, string title) =>
        new(id, title, "{0}", "Tidemark.Protocol", DiagnosticSeverity.Error, isEnabledByDefault: true);
}
