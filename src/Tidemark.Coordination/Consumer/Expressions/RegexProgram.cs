namespace Tidemark.Coordination.Consumer.Expressions;

internal enum RegexStepKind : byte
{
    /// <summary>Takes one character of the set.</summary>
    Character,

    /// <summary>Goes on at two steps.</summary>
    Both,

    /// <summary>Goes on.</summary>
    Nothing,

    /// <summary>Goes on where the place in the name is the right one.</summary>
    Place,

    Match,
}

internal readonly record struct RegexStep(RegexStepKind Kind, UInt128 Set, RegexPlace Place, int Next, int Other);

/// <summary>An expression as steps, each of which says where to go on.</summary>
internal sealed class RegexProgram
{
    /// <summary>Expressions that need more are refused: each character of a name may have to look at every step.</summary>
    private const int StepsMax = 10_000;

    private readonly List<RegexStep> _steps = [];

    private RegexProgram()
    {
    }

    public RegexStep[] Steps { get; private set; } = [];

    public int Start { get; private set; }

    /// <summary>Null when it would be too large.</summary>
    public static RegexProgram? Compile(RegexNode node)
    {
        var program = new RegexProgram();
        int end = program.Add(new RegexStep(RegexStepKind.Match, default, default, -1, -1));
        int start = program.Place(node, end);
        if (start < 0)
        {
            return null;
        }

        program.Start = start;
        program.Steps = [.. program._steps];
        return program;
    }

    /// <summary>Writes the steps of a node that is followed by <paramref name="next"/>, and returns where it begins; -1 when there is no room.</summary>
    private int Place(RegexNode node, int next)
    {
        if (_steps.Count > StepsMax)
        {
            return -1;
        }

        switch (node)
        {
            case RegexSet set:
                return Add(new RegexStep(RegexStepKind.Character, set.Characters, default, next, -1));
            case RegexAt at:
                return Add(new RegexStep(RegexStepKind.Place, default, at.Place, next, -1));
            case RegexSequence sequence:
                for (int i = sequence.Nodes.Count - 1; i >= 0 && next >= 0; i--)
                {
                    next = Place(sequence.Nodes[i], next);
                }

                return next;
            case RegexChoice choice:
                int start = Place(choice.Nodes[^1], next);
                for (int i = choice.Nodes.Count - 2; i >= 0 && start >= 0; i--)
                {
                    int one = Place(choice.Nodes[i], next);
                    start = one < 0 ? -1 : Add(new RegexStep(RegexStepKind.Both, default, default, one, start));
                }

                return start;
            case RegexRepeat repeat:
                return Repeat(repeat, next);
            default:
                return next;
        }
    }

    private int Repeat(RegexRepeat repeat, int next)
    {
        if (repeat.Most is { } most)
        {
            int end = next;
            for (int i = repeat.Least; i < most && next >= 0; i++)
            {
                int one = Place(repeat.Node, next);
                next = one < 0 ? -1 : Add(new RegexStep(RegexStepKind.Both, default, default, one, end));
            }
        }
        else
        {
            // The loop's fork comes first, so that what it repeats can lead back to it.
            int fork = Add(default);
            int one = Place(repeat.Node, fork);
            if (one < 0)
            {
                return -1;
            }

            _steps[fork] = new RegexStep(RegexStepKind.Both, default, default, one, next);
            next = fork;
        }

        for (int i = 0; i < repeat.Least && next >= 0; i++)
        {
            next = Place(repeat.Node, next);
        }

        return next;
    }

    private int Add(RegexStep step)
    {
        _steps.Add(step);
        return _steps.Count - 1;
    }
}
