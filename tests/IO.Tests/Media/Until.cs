using System.Diagnostics;

namespace MediaRelay.IO.Tests.Media;

/// <summary>Bounded waits on conditions.</summary>
internal static class Until
{
    public static async Task TrueAsync(Func<bool> condition, string what, double seconds = 10)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(seconds)) throw new TimeoutException($"Within {seconds} s: {what}.");
            await Task.Delay(5);
        }
    }
}
