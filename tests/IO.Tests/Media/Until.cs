using System.Diagnostics;

namespace MediaRelay.IO.Tests.Media;

/// <summary>Bounded waits on conditions.</summary>
internal static class Until
{
    public static Task TrueAsync(Func<bool> condition, string what, double seconds = 10) => TrueAsync(() => Task.FromResult(condition()), what, seconds);

    public static async Task TrueAsync(Func<Task<bool>> condition, string what, double seconds = 10)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(seconds)) throw new TimeoutException($"Within {seconds} s: {what}.");
            await Task.Delay(5);
        }
    }
}
