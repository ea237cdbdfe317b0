namespace MediaRelay.Tests.Support;

/// <summary>Fails when a hot path allocates on the managed heap.</summary>
public static class AllocationCheck
{
    private const int WarmUpRounds = 64;
    private const int MeasuredRounds = 256;
    private const int Attempts = 3;

    /// <summary>
    /// Runs <paramref name="action"/> warmed up and throws when every measured attempt allocated. Several attempts are made because
    /// tiered compilation may allocate once on the measured thread. Make the delegate outside: a closure is made by the caller once.
    /// </summary>
    /// <exception cref="AllocationException">The action allocated.</exception>
    public static void Zero(Action action)
    {
        var bytes = long.MaxValue;
        for (var attempt = 0; attempt < Attempts && bytes != 0; attempt++) bytes = Measure(action);
        if (bytes != 0) throw new AllocationException($"{bytes} bytes were allocated in {MeasuredRounds} calls, 0 are allowed.");
    }

    private static long Measure(Action action)
    {
        for (var i = 0; i < WarmUpRounds; i++) action();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < MeasuredRounds; i++) action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
