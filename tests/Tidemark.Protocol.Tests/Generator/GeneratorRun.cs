using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;
using Tidemark.Protocol.Generator;

namespace Tidemark.Protocol.Tests.Generator;

/// <summary>Runs the generator over definitions in memory, as the compiler does.</summary>
public sealed class GeneratorRun
{
    private GeneratorDriver _driver = CSharpGeneratorDriver.Create(
        [new MessageGenerator().AsSourceGenerator()],
        driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));

    private readonly CSharpCompilation _compilation = CSharpCompilation.Create("Sample");
    private readonly Dictionary<string, AdditionalText> _texts = [];

    public GeneratorDriverRunResult Result => _driver.GetRunResult();

    public IReadOnlyDictionary<string, string> Sources =>
        Result.Results.Single().GeneratedSources.ToDictionary(source => source.HintName, source => source.SourceText.ToString());

    public static GeneratorRun Over(params (string Path, string Text)[] files)
    {
        var run = new GeneratorRun();
        foreach ((string path, string text) in files)
        {
            run.Write(path, text);
        }

        run.Again();
        return run;
    }

    /// <summary>The diagnostics of one file, as the compiler prints them: line and column counted from 1.</summary>
    public static string[] Diagnose(string text, string path = "Messages/12_Heartbeat.kmsg") =>
        [.. Over((path, text)).Result.Diagnostics.Select(diagnostic =>
        {
            FileLinePositionSpan span = diagnostic.Location.GetLineSpan();
            return $"{span.Path}({span.StartLinePosition.Line + 1},{span.StartLinePosition.Character + 1}): {diagnostic.Id}: {diagnostic.GetMessage()}";
        })];

    /// <summary>Changes or adds a file; <see cref="Again"/> makes it count.</summary>
    public void Write(string path, string text)
    {
        var next = new Text(path, text);
        _driver = _texts.TryGetValue(path, out AdditionalText? old)
            ? _driver.ReplaceAdditionalText(old, next)
            : _driver.AddAdditionalTexts([next]);
        _texts[path] = next;
    }

    public void Again() => _driver = _driver.RunGenerators(_compilation);

    /// <summary>Why the outputs of a step were or were not computed again, in order.</summary>
    public IncrementalStepRunReason[] Reasons(string step) =>
        [.. Result.Results.Single().TrackedSteps[step].SelectMany(run => run.Outputs).Select(output => output.Reason)];

    /// <summary>Why the files were or were not emitted again.</summary>
    public IncrementalStepRunReason[] OutputReasons() =>
        [.. Result.Results.Single().TrackedOutputSteps.SelectMany(step => step.Value).SelectMany(run => run.Outputs).Select(output => output.Reason)];

    private sealed class Text(string path, string text) : AdditionalText
    {
        public override string Path => path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
    }
}
