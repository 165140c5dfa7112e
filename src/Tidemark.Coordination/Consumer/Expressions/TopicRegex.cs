using System.Diagnostics.CodeAnalysis;

namespace Tidemark.Coordination.Consumer.Expressions;

/// <summary>
/// A regular expression over topic names, in the language of RE2 (<c>SubscribedTopicRegex</c>, KIP-848): what RE2 refuses is refused. It is matched by following all ways
/// through it at once, in time that grows with the name's length and never explodes. Names of topics are ASCII, so every set of characters is a set of 128 bits.
/// </summary>
public sealed class TopicRegex
{
    private readonly RegexProgram _program;
    private readonly int[] _stack;
    private readonly int[] _marks;
    private int[] _here;
    private int[] _next;
    private int _mark;

    private TopicRegex(string text, RegexProgram program)
    {
        Text = text;
        _program = program;
        _stack = new int[(2 * program.Steps.Length) + 1];
        _marks = new int[program.Steps.Length];
        _here = new int[program.Steps.Length];
        _next = new int[program.Steps.Length];
    }

    public string Text { get; }

    /// <summary>In steps: what it takes of memory, and what each character of a name may take of time.</summary>
    public int Size => _program.Steps.Length;

    /// <summary>How many steps were looked at so far, in all names.</summary>
    public long Work { get; private set; }

    /// <summary>Reads an expression; <paramref name="problem"/> says why it is none.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out TopicRegex? regex, [NotNullWhen(false)] out string? problem)
    {
        var parser = new RegexParser(text);
        regex = null;
        if (!parser.TryParse(out RegexNode? node, out problem))
        {
            return false;
        }

        if (RegexProgram.Compile(node) is not { } program)
        {
            problem = "expression too large";
            return false;
        }

        problem = null;
        regex = new TopicRegex(text, program);
        return true;
    }

    /// <summary>Whether the expression stands for the whole name. One name at a time: the object keeps its working space.</summary>
    public bool Matches(string name)
    {
        int count = 0;
        _mark++;
        Follow(_program.Start, name, 0, _here, ref count);
        for (int i = 0; i < name.Length; i++)
        {
            char c = name[i];
            if (count == 0 || c >= 128)
            {
                return false;
            }

            int after = 0;
            _mark++;
            Work += count + 1;
            for (int s = 0; s < count; s++)
            {
                ref readonly RegexStep step = ref _program.Steps[_here[s]];
                if (step.Kind == RegexStepKind.Character && (step.Set >> c & UInt128.One) != UInt128.Zero)
                {
                    Follow(step.Next, name, i + 1, _next, ref after);
                }
            }

            (_here, _next) = (_next, _here);
            count = after;
        }

        for (int s = 0; s < count; s++)
        {
            if (_program.Steps[_here[s]].Kind == RegexStepKind.Match)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Adds all steps that can be reached from one without taking a character.</summary>
    private void Follow(int from, string name, int at, int[] steps, ref int count)
    {
        int top = 0;
        _stack[top++] = from;
        while (top > 0)
        {
            int s = _stack[--top];
            if (_marks[s] == _mark)
            {
                continue;
            }

            _marks[s] = _mark;
            Work++;
            ref readonly RegexStep step = ref _program.Steps[s];
            switch (step.Kind)
            {
                case RegexStepKind.Both:
                    _stack[top++] = step.Other;
                    _stack[top++] = step.Next;
                    break;
                case RegexStepKind.Nothing:
                    _stack[top++] = step.Next;
                    break;
                case RegexStepKind.Place:
                    if (Holds(step.Place, name, at))
                    {
                        _stack[top++] = step.Next;
                    }

                    break;
                default:
                    steps[count++] = s;
                    break;
            }
        }
    }

    private static bool Holds(RegexPlace place, string name, int at) => place switch
    {
        RegexPlace.Begin => at == 0,
        RegexPlace.End => at == name.Length,
        RegexPlace.LineBegin => at == 0 || name[at - 1] == '\n',
        RegexPlace.LineEnd => at == name.Length || name[at] == '\n',
        RegexPlace.WordEdge => IsWord(name, at - 1) != IsWord(name, at),
        _ => IsWord(name, at - 1) == IsWord(name, at),
    };

    private static bool IsWord(string name, int at) => at >= 0 && at < name.Length && (char.IsAsciiLetterOrDigit(name[at]) || name[at] == '_');
}
