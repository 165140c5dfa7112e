using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using Tidemark.Protocol.Generator.Checks;
using Tidemark.Protocol.Generator.Emission;
using Tidemark.Protocol.Generator.Model;
using Tidemark.Protocol.Generator.Parsing;

namespace Tidemark.Protocol.Generator;

/// <summary>
/// Compiles message definitions (<c>*.kmsg</c>, given as additional files) to one class a message and a catalog of them all.
/// A changed file emits its own messages again; the catalog only when a name, key or version changed.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class MessageGenerator : IIncrementalGenerator
{
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValuesProvider<DefinitionFile> files = context.AdditionalTextsProvider
            .Where(static text => text.Path.EndsWith(".kmsg", StringComparison.OrdinalIgnoreCase))
            .Select(static (text, cancel) => MessageChecks.Check(
                DefinitionParser.Parse(text.Path, text.GetText(cancel)?.ToString() ?? "")))
            .WithTrackingName("Definitions");
        context.RegisterSourceOutput(files, static (output, file) => EmitFile(output, file));

        IncrementalValueProvider<ImmutableArray<CatalogEntry>> catalog = files
            .Where(static file => file is { Header: not null, Problems.Count: 0 })
            .Select(static (file, _) => Entry(file))
            .Collect()
            .WithTrackingName("Catalog");
        context.RegisterSourceOutput(catalog, static (output, entries) => EmitCatalog(output, entries));
    }

    private static CatalogEntry Entry(DefinitionFile file) => new(
        file.Path,
        file.Header!,
        file.Messages.Count == 0 ? file.Header!.Name : file.Messages[0].Summary,
        new EquatableArray<string>([.. file.Messages.Select(message => message.ClassName)]));

    private static void EmitFile(SourceProductionContext output, DefinitionFile file)
    {
        foreach (Problem problem in file.Problems)
        {
            output.ReportDiagnostic(Diagnostics.Create(problem));
        }

        if (file is { Header: { } header, Problems.Count: 0 })
        {
            foreach (MessageModel message in file.Messages)
            {
                string name = $"{Path.GetFileName(Path.GetDirectoryName(file.Path))}.{Path.GetFileNameWithoutExtension(file.Path)}.{message.ClassName}.g.cs";
                output.AddSource(name, SourceText.From(ClassEmitter.Emit(header, message), Encoding.UTF8));
            }
        }
    }

    private static void EmitCatalog(SourceProductionContext output, ImmutableArray<CatalogEntry> entries)
    {
        List<Problem> problems = CatalogChecks.Check(entries);
        foreach (Problem problem in problems)
        {
            output.ReportDiagnostic(Diagnostics.Create(problem));
        }

        if (problems.Count == 0)
        {
            output.AddSource("MessageCatalog.g.cs", SourceText.From(CatalogEmitter.Emit(entries), Encoding.UTF8));
            output.AddSource("Keys.g.cs", SourceText.From(CatalogEmitter.EmitEnums(entries), Encoding.UTF8));
        }
    }
}
