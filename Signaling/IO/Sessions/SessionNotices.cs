using System.Threading.Channels;
using MediaRelay.Signaling.IO.Portal;

namespace MediaRelay.Signaling.IO.Sessions;

/// <summary>Notices of one session for its viewer; the newest state is repeated to a stream that opens late.</summary>
internal sealed class SessionNotices
{
    private readonly Channel<(string Kind, string Data)> _channel = Channel.CreateBounded<(string, string)>(new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest });

    public void Add(string kind, object data) => _channel.Writer.TryWrite((kind, PortalJson.Write(data)));

    public void Complete() => _channel.Writer.TryComplete();

    public IAsyncEnumerable<(string Kind, string Data)> ReadAsync(CancellationToken stop) => _channel.Reader.ReadAllAsync(stop);
}
