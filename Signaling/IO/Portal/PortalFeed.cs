using System.Collections.Concurrent;
using System.Threading.Channels;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>Something changed that a page may show; pages fetch what they need again.</summary>
/// <param name="Kind"><c>home</c>, <c>incident</c>, <c>lookIn</c>, <c>session</c> or <c>gateway</c>.</param>
/// <param name="Home">The home it concerns, for the right to hear it; empty for operators only.</param>
/// <param name="Data">JSON.</param>
/// <param name="IsSilent">True when it would tell the home of a call for help by duress code; only stations and the network operator hear it.</param>
public sealed record PortalChange(string Kind, string Home, string Data, bool IsSilent = false);

/// <summary>Changes for open pages (Server-Sent Events). A page that does not read loses the oldest changes, never anybody else's time.</summary>
public sealed class PortalFeed
{
    private const int PerPage = 256;
    private readonly ConcurrentDictionary<Channel<PortalChange>, byte> _pages = new();

    /// <summary>Tells all pages.</summary>
    public void Publish(string kind, string home, object data, bool isSilent = false)
    {
        var change = new PortalChange(kind, home, PortalJson.Write(data), isSilent);
        foreach (Channel<PortalChange> page in _pages.Keys)
            page.Writer.TryWrite(change);
    }

    /// <summary>Changes from this call on, also those before the first is read, until cancelled.</summary>
    public IAsyncEnumerable<PortalChange> ReadAsync(CancellationToken stop)
    {
        var page = Channel.CreateBounded<PortalChange>(new BoundedChannelOptions(PerPage) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        _pages.TryAdd(page, 0);
        // A page may leave before it reads at all.
        stop.Register(() => _pages.TryRemove(page, out _));
        return ReadAsync(page, stop);
    }

    private async IAsyncEnumerable<PortalChange> ReadAsync(Channel<PortalChange> page, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        try
        {
            await foreach (PortalChange change in page.Reader.ReadAllAsync(stop).ConfigureAwait(false))
                yield return change;
        }
        finally
        {
            _pages.TryRemove(page, out _);
        }
    }
}
