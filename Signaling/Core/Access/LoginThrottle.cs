using System.Net;

namespace MediaRelay.Signaling.Access;

/// <summary>
/// Slows guessing down: ten failures a minute per account and source, thirty per account, and a hundred per source; then a wait. A try counts
/// from its start, so that tries at the same time do not all pass; one that succeeds is taken back, and resets nothing else. A fixed number of
/// keys is remembered; the oldest is dropped, so a flood of names costs no memory. Of an IPv6 source its /64 counts, which is one line's.
/// </summary>
/// <remarks>The object has one owner at a time; time is monotonic.</remarks>
public sealed class LoginThrottle
{
    private const int MaxKeys = 8192;
    private static readonly TimeSpan s_window = TimeSpan.FromMinutes(1);
    private readonly Dictionary<string, (TimeSpan Start, int Count)> _failures = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    /// <summary>How long this account and source have to wait before the next try; zero when they need not.</summary>
    public TimeSpan Wait(string account, string source, TimeSpan now)
    {
        var wait = TimeSpan.Zero;
        foreach (var (key, limit) in Keys(account, source))
        {
            if (_failures.TryGetValue(key, out var seen) && seen.Count >= limit && seen.Start + s_window > now)
            {
                wait = wait > seen.Start + s_window - now ? wait : seen.Start + s_window - now;
            }
        }

        return wait;
    }

    /// <summary>Starts a try: counts it and answers zero, or counts nothing and answers how long to wait.</summary>
    public TimeSpan Begin(string account, string source, TimeSpan now)
    {
        var wait = Wait(account, source, now);
        if (wait == TimeSpan.Zero)
        {
            Count(account, source, now);
        }

        return wait;
    }

    /// <summary>Takes back a try that succeeded.</summary>
    public void HandleSuccess(string account, string source)
    {
        foreach (var (key, _) in Keys(account, source))
        {
            if (_failures.TryGetValue(key, out var seen) && seen.Count > 0)
            {
                _failures[key] = (seen.Start, seen.Count - 1);
            }
        }
    }

    private void Count(string account, string source, TimeSpan now)
    {
        foreach (var (key, _) in Keys(account, source))
        {
            if (!_failures.TryGetValue(key, out var seen))
            {
                _order.Enqueue(key);
                while (_order.Count > MaxKeys)
                {
                    _failures.Remove(_order.Dequeue());
                }
            }

            _failures[key] = seen.Count > 0 && seen.Start + s_window > now ? (seen.Start, seen.Count + 1) : (now, 1);
        }
    }

    private static (string Key, int Limit)[] Keys(string account, string source)
    {
        source = Network(source);
        return [($"b|{account}|{source}", 10), ($"a|{account}", 30), ($"s|{source}", 100)];
    }

    private static string Network(string source)
    {
        Span<byte> octets = stackalloc byte[16];
        return IPAddress.TryParse(source, out var address) && !address.IsIPv4MappedToIPv6 && address.TryWriteBytes(octets, out var length) && length == 16
            ? Convert.ToHexString(octets[..8])
            : source;
    }
}
