using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Qos.IO.Links;

/// <summary>
/// The owner of one engine: a mailbox that receives what sockets and callers have, one task that hands it to the engine, and the
/// sockets. Nothing else touches the engine, so it needs no lock. The mailbox is bounded; whoever fills it waits.
/// </summary>
internal abstract partial class EngineLoop : IAsyncDisposable
{
    private const int MailboxSize = 4096;
    private const int BatchSize = 256;
    private const int ReceiveSize = 64 * 1024;
    private readonly Channel<Item> _mailbox = Channel.CreateBounded<Item>(new BoundedChannelOptions(MailboxSize) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly Dictionary<int, SocketLink> _links = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly TimeProvider _clock;
    private readonly LinkSecurity? _security;
    private readonly ILogger _logger;
    private readonly long _origin;
    private readonly List<Socket> _listeners = [];
    private readonly List<IPEndPoint> _endPoints = [];
    private readonly ITimer _timer;
    private TimeSpan _armedFor = TimeSpan.MaxValue;
    private Task _running = Task.CompletedTask;
    private int _lastAccepted;
    private int _congested;

    private enum ItemKind { Received, Accepted, Connected, ConnectFailed, Closed, Writable, Tick, Call }

    private readonly record struct Item(ItemKind Kind, int Link, byte[]? Buffer = null, int Count = 0, object? State = null);

    /// <summary>One socket and what is under way on it; only the owner task uses it, apart from its receive loop.</summary>
    private sealed class SocketLink(Socket socket, IPAddress peer, SslStream? secure)
    {
        public Socket Socket { get; } = socket;

        /// <summary>The other end, as IPv4 when it is.</summary>
        public IPAddress Peer { get; } = peer;

        /// <summary>Null on a plain link.</summary>
        public SslStream? Secure { get; } = secure;

        public bool IsSending { get; set; }

        public bool IsClosing { get; set; }

        /// <summary>Set while the engine takes no more commands from this peer; the receive loop waits for it.</summary>
        public TaskCompletionSource? Relief { get; set; }
    }

    /// <param name="security">TLS of every link of this loop, or null for plain links.</param>
    protected EngineLoop(TimeProvider clock, ILogger logger, LinkSecurity? security)
    {
        _clock = clock;
        _security = security;
        _origin = clock.GetTimestamp();
        _logger = logger;
        _timer = clock.CreateTimer(_ => _mailbox.Writer.TryWrite(new Item(ItemKind.Tick, 0)), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    protected ILogger Logger => _logger;

    protected TimeProvider Clock => _clock;

    /// <summary>Monotonic time since this loop was made.</summary>
    protected TimeSpan Now => _clock.GetElapsedTime(_origin);

    protected abstract TimeSpan? NextDeadline { get; }

    /// <summary>Inputs that wait for the owner.</summary>
    protected int Waiting => _mailbox.Reader.Count;

    protected CancellationToken Stopping => _stop.Token;

    /// <summary>Addresses this loop listens on, with the ports that were given.</summary>
    public IReadOnlyList<IPEndPoint> LocalEndPoints => _endPoints;

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _stop.Dispose();
        await _timer.DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    /// <summary>Begins to own the engine.</summary>
    protected void Run() => _running = Task.Run(OwnAsync);

    /// <summary>Runs an action as the owner, after what is in the mailbox.</summary>
    protected ValueTask PostAsync(Action action) => _mailbox.Writer.WriteAsync(new Item(ItemKind.Call, 0, State: action), _stop.Token);

    /// <summary>Runs an action as the owner and waits for its result.</summary>
    protected async Task<T> AskAsync<T>(Func<T> function)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await PostAsync(() =>
        {
            try
            {
                done.SetResult(function());
            }
            catch (Exception fault) // The caller gets it; the owner goes on.
            {
                done.SetException(fault);
            }
        }).ConfigureAwait(false);
        return await done.Task.WaitAsync(_stop.Token).ConfigureAwait(false);
    }

    /// <summary>Accepts connections. Throws SocketException when the address is in use or not ours; the exception names it.</summary>
    protected void Listen(IPEndPoint address, Func<IPAddress, bool> isAllowed)
    {
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Address.Equals(IPAddress.IPv6Any)) listener.DualMode = true;
            listener.Bind(address);
            listener.Listen(512);
        }
        catch (SocketException fault)
        {
            listener.Dispose();
            throw new SocketException(fault.ErrorCode, $"{address}");
        }
        _listeners.Add(listener);
        _endPoints.Add((IPEndPoint)listener.LocalEndPoint!);
        _ = AcceptAsync(listener, isAllowed);
    }

    /// <summary>Connects in the background; the engine hears connected or failed.</summary>
    protected void Dial(int link, IPEndPoint address) => _ = DialAsync(link, address, _restarts);

    /// <summary>Sends what the engine has queued for a link; what the socket does not take now goes out as it makes room.</summary>
    protected void Send(int link)
    {
        if (!_links.TryGetValue(link, out SocketLink? connection) || connection.IsSending) return;
        while (true)
        {
            ReadOnlySpan<byte> pending = PendingOutput(link);
            if (pending.IsEmpty)
            {
                if (connection.IsClosing)
                {
                    if (connection.Secure is not null) _ = SayEndAsync(connection.Secure);
                    Shut(link, connection);
                }
                return;
            }
            if (connection.Secure is not null)
            {
                SendLater(link, connection, pending);
                return;
            }
            int sent;
            SocketError error;
            try
            {
                sent = connection.Socket.Send(pending, SocketFlags.None, out error);
            }
            catch (ObjectDisposedException)
            {
                return; // The receive loop has met the end of the transport; the owner hears of it next.
            }
            if (sent > 0) ConsumeOutput(link, sent);
            if (error == SocketError.Success) continue;
            if (error == SocketError.WouldBlock)
            {
                SendLater(link, connection, PendingOutput(link));
            }
            return; // A broken transport is told by the receive loop.
        }
    }

    /// <summary>Hands bytes to a task of their own; the owner goes on and hears when they have left.</summary>
    private void SendLater(int link, SocketLink connection, ReadOnlySpan<byte> pending)
    {
        connection.IsSending = true;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(pending.Length);
        pending.CopyTo(buffer);
        int count = pending.Length;
        ConsumeOutput(link, count);
        _ = SendRestAsync(link, connection, buffer, count);
    }

    /// <summary>Sends what is queued, then closes.</summary>
    protected void CloseAfterSending(int link)
    {
        if (!_links.TryGetValue(link, out SocketLink? connection)) return;
        connection.IsClosing = true;
        Send(link);
        if (_links.TryGetValue(link, out SocketLink? waiting) && waiting == connection) _ = AbandonAsync(connection);
    }

    protected abstract ReadOnlySpan<byte> PendingOutput(int link);

    protected abstract void ConsumeOutput(int link, int count);

    protected abstract void OnReceived(int link, ReadOnlySpan<byte> bytes, TimeSpan now);

    protected abstract void OnAccepted(int link, string peer, TimeSpan now);

    protected abstract void OnConnected(int link, TimeSpan now);

    protected abstract void OnConnectFailed(int link, TimeSpan now);

    protected abstract void OnClosed(int link, TimeSpan now);

    protected abstract void OnWritable(int link, TimeSpan now);

    protected abstract void OnDeadline(TimeSpan now);

    /// <summary>Carries out the commands that the engine gave in this batch. A fault of one link goes to <see cref="Contain"/>; any other ends the engine, see <see cref="RenewAsync"/>.</summary>
    protected abstract ValueTask CarryOutAsync();

    /// <summary>Puts a new engine in the place of one that has failed. Its links are closed already.</summary>
    protected abstract ValueTask RenewAsync();

    protected virtual bool IsCongested(int link) => false;

    /// <summary>Says good-bye before the sockets close; runs as the owner.</summary>
    protected abstract void OnStopping();

    protected async Task StopAsync()
    {
        if (_stop.IsCancellationRequested) return;
        if (!_running.IsCompleted)
        {
            try
            {
                await AskAsync(() => { OnStopping(); return true; }).WaitAsync(TimeSpan.FromSeconds(2), CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is TimeoutException or OperationCanceledException or ChannelClosedException)
            {
                // A peer that does not read must not hold the stop up.
            }
        }
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (Socket listener in _listeners) listener.Dispose();
        _mailbox.Writer.TryComplete();
        await _running.ConfigureAwait(false);
        foreach (SocketLink link in _links.Values) link.Socket.Dispose();
    }

    private async Task OwnAsync()
    {
        ChannelReader<Item> mailbox = _mailbox.Reader;
        try
        {
            while (await mailbox.WaitToReadAsync(_stop.Token).ConfigureAwait(false))
            {
                try
                {
                    TimeSpan now = Now;
                    for (int i = 0; i < BatchSize && mailbox.TryRead(out Item item); i++) HandleContained(item, now);
                    if (NextDeadline <= now) OnDeadline(now);
                    await CarryOutAsync().ConfigureAwait(false);
                    Arm();
                }
                catch (Exception fault) when (fault is not OperationCanceledException || !_stop.IsCancellationRequested)
                {
                    await RestartAsync(fault).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private void Handle(in Item item, TimeSpan now)
    {
        switch (item.Kind)
        {
            case ItemKind.Received:
                try
                {
                    if (_links.ContainsKey(item.Link)) OnReceived(item.Link, item.Buffer.AsSpan(0, item.Count), now);
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(item.Buffer!);
                }
                Relieve(item.Link);
                break;
            case ItemKind.Accepted:
                Begin(item.Link, (SocketLink)item.State!);
                OnAccepted(item.Link, ((SocketLink)item.State!).Peer.ToString(), now);
                break;
            case ItemKind.Connected when item.Count == _restarts:
                Begin(item.Link, (SocketLink)item.State!);
                OnConnected(item.Link, now);
                break;
            case ItemKind.Connected: // An engine that is no more had this dialled.
                ((SocketLink)item.State!).Socket.Dispose();
                break;
            case ItemKind.ConnectFailed when item.Count == _restarts:
                OnConnectFailed(item.Link, now);
                break;
            case ItemKind.Closed when _links.TryGetValue(item.Link, out SocketLink? closed) && closed.Socket == item.State:
                Forget(item.Link, closed);
                OnClosed(item.Link, now);
                break;
            case ItemKind.Writable when _links.TryGetValue(item.Link, out SocketLink? writable) && writable.Socket == item.State:
                writable.IsSending = false;
                Send(item.Link);
                OnWritable(item.Link, now);
                break;
            case ItemKind.Tick:
                _armedFor = TimeSpan.MaxValue;
                break;
            case ItemKind.Call:
                ((Action)item.State!)();
                break;
        }
    }

    /// <summary>Sets the timer to the next deadline unless it already rings before. One that should have rung may have found the mailbox full, so it counts for nothing.</summary>
    private void Arm()
    {
        TimeSpan now = Now;
        if (NextDeadline is not { } next || (next >= _armedFor && _armedFor > now)) return;
        _armedFor = next;
        TimeSpan wait = next - now;
        _timer.Change(wait > TimeSpan.Zero ? wait + TimeSpan.FromMilliseconds(1) : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private void Begin(int link, SocketLink connection)
    {
        if (_links.Remove(link, out SocketLink? old)) EndGently(old.Socket);
        _links.Add(link, connection);
        if (connection.Secure is null) connection.Socket.Blocking = false;
        _ = ReceiveAsync(link, connection);
    }

    private void Shut(int link, SocketLink connection)
    {
        Forget(link, connection);
        OnClosed(link, Now);
    }

    private void Forget(int link, SocketLink connection)
    {
        _links.Remove(link);
        if (connection.Relief is not null) _congested--;
        connection.Relief?.SetResult();
        connection.Relief = null;
        EndGently(connection.Socket);
    }

    /// <summary>Ends both directions; the receive loop sees the end and disposes. Disposing under a pending receive would reset what was sent.</summary>
    private static void EndGently(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    /// <summary>Back-pressure: a peer with too many commands under way is not read until some are answered.</summary>
    private void Relieve(int received)
    {
        if (_links.TryGetValue(received, out SocketLink? source) && source.Relief is null && IsCongested(received))
        {
            source.Relief = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _congested++;
        }
        if (_congested == 0) return;
        foreach ((int link, SocketLink connection) in _links)
        {
            if (connection.Relief is null || IsCongested(link)) continue;
            connection.Relief.SetResult();
            connection.Relief = null;
            _congested--;
        }
    }
}
