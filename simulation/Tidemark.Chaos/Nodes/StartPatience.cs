namespace Tidemark.Chaos.Nodes;

/// <summary>
/// How long is waited for nodes that start. A busy machine gives them little of its time, and they come forward all the same: it shows in what is
/// still missing, or in the processor time that they got, which is far more than idle nodes use. Nodes that do neither stand still.
/// </summary>
/// <param name="standstillMax">The longest time without a step forward.</param>
/// <param name="wholeMax">The longest time altogether.</param>
public sealed class StartPatience(TimeSpan standstillMax, TimeSpan wholeMax)
{
    /// <summary>Three idle nodes take this long to use as much: more than <c>standstillMax</c>.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(6);

    private TimeSpan _whole;
    private TimeSpan _standstill;
    private TimeSpan _stepFrom;
    private string? _missing;

    /// <summary>Tells what a look has shown; true when there is no more to wait for.</summary>
    /// <param name="since">The time since the last look.</param>
    /// <param name="missing">What is still missing.</param>
    /// <param name="processorTime">What all nodes have used since they were started.</param>
    public bool IsOver(TimeSpan since, string missing, TimeSpan processorTime)
    {
        _whole += since;
        _standstill += since;
        if (missing != _missing || processorTime - _stepFrom >= Step)
        {
            (_missing, _stepFrom, _standstill) = (missing, processorTime, TimeSpan.Zero);
        }

        return _whole > wholeMax || _standstill > standstillMax;
    }
}
