using MediaRelay.Signaling.IO.Portal;

namespace MediaRelay.IO.Tests.Signaling.Portal;

public sealed class PortalFeedTests
{
    [Fact]
    public async Task What_happens_before_a_page_reads_its_first_change_is_not_missed()
    {
        var feed = new PortalFeed();
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await using IAsyncEnumerator<PortalChange> changes = feed.ReadAsync(stop.Token).GetAsyncEnumerator(stop.Token);
        feed.Publish("incident", "h1", new { id = "i1" });
        Assert.True(await changes.MoveNextAsync());
        Assert.Equal("incident", changes.Current.Kind);
    }
}
