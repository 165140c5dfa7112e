namespace Tidemark.Coordination.Consumer.Expressions;

/// <summary>What an expression says about a place between characters.</summary>
internal enum RegexPlace : byte
{
    Begin,
    End,
    LineBegin,
    LineEnd,
    WordEdge,
    NoWordEdge,
}

/// <summary>A part of an expression.</summary>
internal abstract record RegexNode;

/// <summary>One of some characters; none at all is possible.</summary>
internal sealed record RegexSet(UInt128 Characters) : RegexNode;

internal sealed record RegexAt(RegexPlace Place) : RegexNode;

/// <summary>One after the other; nothing when there is none.</summary>
internal sealed record RegexSequence(IReadOnlyList<RegexNode> Nodes) : RegexNode;

/// <summary>One of them.</summary>
internal sealed record RegexChoice(IReadOnlyList<RegexNode> Nodes) : RegexNode;

/// <summary>So many times; without an end where there is no most.</summary>
internal sealed record RegexRepeat(RegexNode Node, int Least, int? Most) : RegexNode;
