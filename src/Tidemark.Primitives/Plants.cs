namespace Tidemark.Primitives;

/// <summary>
/// Whether a fault is planted. In the product <see cref="IsOn"/> is a constant false, which the JIT removes together with what depends on
/// it. Only the simulator runs with this assembly built in the configuration <c>Planted</c> (eng/Planted.targets), where the answer is a
/// value that is set once, before anything runs.
/// </summary>
public static class Plants
{
#if PLANTED
    private static Plant s_chosen;

    /// <summary>True in the simulator's build only.</summary>
    public static bool CanChoose => true;

    /// <summary>True when this fault is planted.</summary>
    public static bool IsOn(Plant plant) => s_chosen == plant;

    /// <summary>Plants a fault, or none, before a run.</summary>
    public static void Choose(Plant plant) => s_chosen = plant;
#else
    /// <summary>True in the simulator's build only.</summary>
    public static bool CanChoose => false;

    /// <summary>Always false.</summary>
    public static bool IsOn(Plant plant) => false;

    /// <summary>Nothing can be planted here.</summary>
    /// <exception cref="NotSupportedException">A fault was asked for.</exception>
    public static void Choose(Plant plant)
    {
        if (plant != Plant.None)
        {
            throw new NotSupportedException("Faults can be planted in the simulator's build only.");
        }
    }
#endif
}
