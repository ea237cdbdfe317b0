using System.Security.Cryptography;
using System.Threading.Channels;
using MediaRelay.Stun;
using MediaRelay.Turn.Client;

namespace MediaRelay.Server.TurnTest;

/// <summary>The shell of one <see cref="TurnClient"/>: carries out its commands over a link and waits for what it tells.</summary>
internal sealed class TurnSession : IAsyncDisposable
{
    private readonly TurnClient _client;
    private readonly TurnClientSettings _settings;
    private readonly string _host;
    private readonly bool _insecure;
    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly List<TurnClientCommand> _commands = [];
    private readonly Queue<TurnClientCommand> _told = [];
    private readonly Queue<(TransportAddress Peer, byte[] Payload, bool IsChannel)> _data = [];
    private TurnLink _link;
    private CancellationTokenSource _linkStop = new();
    private Channel<byte[]> _received;

    private TurnSession(TurnClientSettings settings, string host, bool insecure, TurnLink link)
    {
        _settings = settings;
        _host = host;
        _insecure = insecure;
        _link = link;
        _client = new TurnClient(settings, _random);
        _received = StartReceiving();
    }

    public TurnClient Client => _client;

    public string LinkDescription => _link.Description;

    public static async Task<TurnSession> OpenAsync(TurnClientSettings settings, string host, bool insecure, CancellationToken stop) =>
        new(settings, host, insecure, await TurnLink.ConnectAsync(settings.Transport, settings.Server, host, insecure, stop).ConfigureAwait(false));

    /// <summary>Calls the client and carries out what it says.</summary>
    public async Task DoAsync(Action<TurnClient, TimeSpan, List<TurnClientCommand>> call, CancellationToken stop)
    {
        call(_client, Now(), _commands);
        await CarryOutAsync(stop).ConfigureAwait(false);
    }

    public async Task<bool> SendDataAsync(TransportAddress peer, ReadOnlyMemory<byte> payload, CancellationToken stop)
    {
        var buffer = new byte[payload.Length + TurnClient.MaxOverhead];
        var length = _client.Wrap(peer, payload.Span, Now(), buffer);
        if (length > 0)
            await _link.SendAsync(buffer.AsMemory(0, length), stop).ConfigureAwait(false);
        return length > 0;
    }

    /// <summary>Waits for the first told command that is wanted. Null when the time is over.</summary>
    public async Task<TurnClientCommand?> WaitAsync(Func<TurnClientCommand, bool> wanted, TimeSpan patience, CancellationToken stop)
    {
        var end = Now() + patience;
        while (true)
        {
            while (_told.TryDequeue(out var told))
            {
                if (wanted(told))
                    return told;
            }

            if (!await StepAsync(end, stop).ConfigureAwait(false))
                return null;
        }
    }

    /// <summary>Waits for data from a peer. Null when the time is over.</summary>
    public async Task<(TransportAddress Peer, byte[] Payload, bool IsChannel)?> WaitForDataAsync(TimeSpan patience, CancellationToken stop)
    {
        var end = Now() + patience;
        while (true)
        {
            if (_data.TryDequeue(out var data))
                return data;
            if (!await StepAsync(end, stop).ConfigureAwait(false))
                return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _linkStop.CancelAsync().ConfigureAwait(false);
        await _link.DisposeAsync().ConfigureAwait(false);
        _linkStop.Dispose();
        _random.Dispose();
    }

    private static TimeSpan Now() => TimeProvider.System.GetElapsedTime(0);

    // One message or one deadline. False when the end came first.
    private async Task<bool> StepAsync(TimeSpan end, CancellationToken stop)
    {
        var next = _client.NextDeadline is { } deadline && deadline < end ? deadline : end;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(next > Now() ? next - Now() : TimeSpan.Zero);
        try
        {
            var message = await _received.Reader.ReadAsync(patience.Token).ConfigureAwait(false);
            HandleMessage(message);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            _client.HandleDeadline(Now(), _commands);
        }
        catch (ChannelClosedException)
        {
            if (_client.State is TurnClientState.Failed or TurnClientState.Closed)
                return false;
            _client.HandleConnectionLost(_commands);
        }

        await CarryOutAsync(stop).ConfigureAwait(false);
        return Now() < end;
    }

    private void HandleMessage(byte[] message)
    {
        if (_client.TryUnwrap(message, out var peer, out var offset, out var length))
            _data.Enqueue((peer, message[offset..(offset + length)], ChannelData.LooksLikeChannelData(message)));
        else
            _client.HandleReceived(message, Now(), _commands);
    }

    private async Task CarryOutAsync(CancellationToken stop)
    {
        // A redirect over a stream calls Start, which appends to the list that is being carried out.
        for (var i = 0; i < _commands.Count; i++)
        {
            if (_commands[i] is TurnClientCommand.Send send)
                await _link.SendAsync(send.Bytes, stop).ConfigureAwait(false);
            else
            {
                _told.Enqueue(_commands[i]);
                if (_commands[i] is TurnClientCommand.Redirected redirected)
                    await FollowAsync(redirected, stop).ConfigureAwait(false);
            }
        }

        _commands.Clear();
    }

    private async Task FollowAsync(TurnClientCommand.Redirected redirected, CancellationToken stop)
    {
        await _linkStop.CancelAsync().ConfigureAwait(false);
        await _link.DisposeAsync().ConfigureAwait(false);
        _linkStop.Dispose();
        _linkStop = new CancellationTokenSource();
        _link = await TurnLink.ConnectAsync(_settings.Transport, redirected.Server, redirected.Domain ?? _host, _insecure, stop).ConfigureAwait(false);
        _received = StartReceiving();
        _client.Start(Now(), _commands);
    }

    private Channel<byte[]> StartReceiving()
    {
        var channel = Channel.CreateBounded<byte[]>(256);
        _ = ReceiveAsync(_link, channel.Writer, _linkStop.Token);
        return channel;
    }

    private static async Task ReceiveAsync(TurnLink link, ChannelWriter<byte[]> writer, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var message = await link.ReceiveAsync(stop).ConfigureAwait(false);
                if (message.IsEmpty)
                    break;
                await writer.WriteAsync(message.ToArray(), stop).ConfigureAwait(false);
            }

            writer.Complete();
        }
        catch (Exception e)
        {
            // Cancelled, refused (ICMP) or reset: the reader learns it from the closed channel.
            writer.Complete(e);
        }
    }
}
