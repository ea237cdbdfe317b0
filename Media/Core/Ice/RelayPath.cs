using MediaRelay.Stun;
using MediaRelay.Turn.Client;

namespace MediaRelay.Media.Ice;

/// <summary>
/// The way to one TURN server: a <see cref="TurnClient"/>, the socket or stream it uses, and the bases its relayed addresses became.
/// </summary>
internal sealed class RelayPath(IceSession session, IceServer configured, int socketId, int order, TimeSpan startAt)
{
    /// <summary>Header of a Send indication to an IPv6 peer: message 20, XOR-PEER-ADDRESS 24, DATA 4.</summary>
    public const int Headroom = 48;

    /// <summary>Padding of DATA, or of ChannelData on a stream.</summary>
    public const int Tailroom = 3;

    private const int MaxCheck = 700;
    private const int MaxWaiting = 256 * 1024;
    private const int MaxRetries = 4;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(150);

    private readonly List<TurnClientCommand> turnCommands = [];
    private readonly StunStreamReader? reader = socketId < 0 ? new StunStreamReader() : null;
    private readonly byte[] scratch = new byte[MaxCheck];
    private readonly Queue<TransportAddress> refused = new();
    private byte[] waiting = [];
    private bool wantsBothFamilies;
    private TimeSpan? retryAt;
    private int retries;
    private TurnClient? client;

    public IceServer Configured { get; } = configured;

    /// <summary>The server in use, which a redirect may change.</summary>
    public TransportAddress Server => client?.Server ?? Configured.Address;

    /// <summary>The shell's socket, or -1 for a stream.</summary>
    public int SocketId { get; } = socketId;

    /// <summary>The shell's stream, or -1 for a socket or before it is dialled.</summary>
    public int StreamId { get; private set; } = -1;

    public bool IsStream => SocketId < 0;

    /// <summary>Place among the configured servers.</summary>
    public int Order { get; } = order;

    public TimeSpan StartAt { get; } = startAt;

    public bool IsStarted => client is not null;

    /// <summary>True until there is an allocation or a failure.</summary>
    public bool IsGathering => !IsLost && Relayed.Count == 0;

    /// <summary>The allocation failed, ended or was given back.</summary>
    public bool IsLost { get; private set; }

    /// <summary>The relayed addresses: none, one, or one of each family.</summary>
    public IReadOnlyList<TransportAddress> Relayed => client is { State: TurnClientState.Allocated } ? client.Relayed : [];

    /// <summary>Own address as the server sees it; none for a stream, whose mapping is not for UDP.</summary>
    public TransportAddress Mapped => client?.Mapped ?? default;

    /// <summary>One base per relayed address, in the same order.</summary>
    public List<LocalBase> Bases { get; } = [];

    public TimeSpan? NextDeadline => retryAt is { } at && (client?.NextDeadline is not { } next || at < next) ? at : client?.NextDeadline;

    public LocalBase? BaseFor(IpFamily family)
    {
        foreach (var at in Bases)
            if (at.Address.Family == family) return at;
        return null;
    }

    public void Start(bool bothFamilies, TimeSpan now, List<IceCommand> commands)
    {
        wantsBothFamilies = bothFamilies;
        client = new TurnClient(Settings(bothFamilies), session.Random);
        if (IsStream) Dial(Configured, commands);
        else client.Start(now, turnCommands);
        Translate(commands);
    }

    public void HandleDeadline(TimeSpan now, List<IceCommand> commands)
    {
        if (retryAt <= now && !IsLost)
        {
            retryAt = null;
            Start(wantsBothFamilies, now, commands);
            return;
        }
        client?.HandleDeadline(now, turnCommands);
        Translate(commands);
    }

    /// <summary>Sends a check. While the permission is on its way the indication follows it at once: the server takes them in order.</summary>
    public void Send(TransportAddress to, byte[] bytes, TimeSpan now, List<IceCommand> commands)
    {
        if (client is not { State: TurnClientState.Allocated }) return;
        var length = client.Wrap(to, bytes, now, scratch);
        if (length == 0) length = WriteIndication(to, bytes);
        if (length == 0) return;
        Emit(scratch.AsSpan(0, length).ToArray(), commands);
    }

    public void Permit(TransportAddress peer, TimeSpan now, List<IceCommand> commands)
    {
        client?.AddPermission(peer, now, turnCommands);
        Translate(commands);
    }

    /// <summary>Binds a channel, which saves 32 bytes per packet.</summary>
    public void Bind(TransportAddress peer, TimeSpan now, List<IceCommand> commands)
    {
        client?.AddChannel(peer, now, turnCommands);
        Translate(commands);
    }

    /// <summary>Gives the allocation back.</summary>
    public void Close(TimeSpan now, List<IceCommand> commands)
    {
        if (IsLost) return;
        retryAt = null;
        client?.Close(now, turnCommands);
        Translate(commands);
        IsLost = true;
        if (StreamId < 0) return;
        commands.Add(new IceCommand.CloseStream(StreamId));
        StreamId = -1;
    }

    /// <summary>Lets go of it without a word: it was never started, or its socket is gone.</summary>
    public void Abandon()
    {
        IsLost = true;
        client = null;
    }

    public void HandleStreamOpened(TimeSpan now, List<IceCommand> commands)
    {
        client?.Start(now, turnCommands);
        Translate(commands);
    }

    public void HandleStreamClosed(List<IceCommand> commands)
    {
        StreamId = -1;
        client?.HandleConnectionLost(turnCommands);
        Translate(commands);
        IsLost = true;
    }

    /// <summary>
    /// Takes bytes of the stream; what does not fit into the reader waits until messages were taken out. A stream that sends faster than
    /// messages are taken, or that carries something else, is closed.
    /// </summary>
    public void HandleStreamBytes(ReadOnlySpan<byte> bytes, List<IceCommand> commands)
    {
        if (reader is null || StreamId < 0) return;
        if (waiting.Length == 0) bytes = bytes[Fill(bytes)..];
        if (bytes.IsEmpty) return;
        if (waiting.Length + bytes.Length > MaxWaiting)
        {
            Break(commands);
            return;
        }
        waiting = [.. waiting, .. bytes];
    }

    /// <summary>The next whole message of the stream.</summary>
    public bool TryTakeFrame(List<IceCommand> commands, out ReadOnlySpan<byte> frame)
    {
        frame = default;
        if (reader is null || StreamId < 0) return false;
        var isFound = reader.TryRead(out _, out var message);
        while (!isFound && !reader.IsBroken && waiting.Length > 0)
        {
            waiting = waiting[Fill(waiting)..];
            isFound = reader.TryRead(out _, out message);
        }
        if (reader.IsBroken) Break(commands);
        frame = message.Span;
        return isFound;
    }

    /// <summary>The next peer that the server refused, so that its pairs can fail at once.</summary>
    public bool TryTakeRefused(out TransportAddress peer) => refused.TryDequeue(out peer);

    /// <summary>True for data of a peer. Allocates nothing.</summary>
    public bool TryUnwrap(ReadOnlySpan<byte> message, out TransportAddress peer, out ReadOnlySpan<byte> data)
    {
        data = default;
        peer = default;
        if (client is null || !client.TryUnwrap(message, out peer, out var offset, out var length)) return false;
        data = message.Slice(offset, length);
        return true;
    }

    /// <summary>Wraps data in place for the peer. Allocates nothing.</summary>
    public bool TryWrap(Span<byte> buffer, int offset, int length, TransportAddress peer, TimeSpan now, out IceRoute route)
    {
        route = default;
        if (client is not { State: TurnClientState.Allocated } || offset < Headroom) return false;
        // The header's length decides where the message starts, so that the data itself stays where it is.
        var header = client.HasChannel(peer) ? ChannelData.HeaderLength : peer.IsV4 ? Headroom - 12 : Headroom;
        var written = client.Wrap(peer, buffer.Slice(offset, length), now, buffer[(offset - header)..]);
        if (written == 0) return false;
        route = new IceRoute(SocketId, StreamId, Server, offset - header, written);
        return true;
    }

    public void HandleControl(ReadOnlySpan<byte> message, TimeSpan now, List<IceCommand> commands)
    {
        client?.HandleReceived(message, now, turnCommands);
        // The five-tuple still belongs to an allocation that is being given back (437): come again when that is done.
        if (!IsStream && !IsLost && retries < MaxRetries && turnCommands.RemoveAll(IsMismatch) > 0) retryAt = now + (RetryDelay * ++retries);
        Translate(commands);
    }

    private TurnClientSettings Settings(bool bothFamilies) => new()
    {
        Server = Configured.Address,
        Transport = Configured.Transport switch { RelayTransport.Udp => StunTransport.Udp, RelayTransport.Tcp => StunTransport.Tcp, _ => StunTransport.Tls },
        Credential = Configured.Username is { } user ? TurnCredential.FromPassword(user, Configured.Password ?? "") : null,
        DualFamily = bothFamilies,
        Rto = IsStream ? TimeSpan.FromMilliseconds(500) : session.Timings.Retransmission,
        KeepAlive = session.Timings.KeepAlive,
    };

    private static bool IsMismatch(TurnClientCommand command) =>
        command is TurnClientCommand.RequestFailed { Method: StunMethod.Allocate, Code: StunErrorCode.AllocationMismatch };

    private int Fill(ReadOnlySpan<byte> bytes)
    {
        var free = reader!.Free.Span;
        var taken = Math.Min(free.Length, bytes.Length);
        bytes[..taken].CopyTo(free);
        reader.Advance(taken);
        return taken;
    }

    private void Break(List<IceCommand> commands)
    {
        commands.Add(new IceCommand.CloseStream(StreamId));
        HandleStreamClosed(commands);
    }

    private void Dial(IceServer server, List<IceCommand> commands)
    {
        StreamId = session.NextStreamId++;
        commands.Add(new IceCommand.OpenStream(StreamId, server));
    }

    private int WriteIndication(TransportAddress to, ReadOnlySpan<byte> bytes)
    {
        var writer = new StunWriter(scratch, StunMethod.Send, StunClass.Indication, TransactionId.New(session.Random));
        writer.AddAddress(StunAttributeType.XorPeerAddress, to);
        writer.Add(StunAttributeType.Data, bytes);
        return writer.Length;
    }

    private void Emit(ReadOnlyMemory<byte> bytes, List<IceCommand> commands)
    {
        if (!IsStream) commands.Add(new IceCommand.SendDatagram(SocketId, Server, bytes));
        else if (StreamId >= 0) commands.Add(new IceCommand.SendStream(StreamId, bytes));
    }

    private void Translate(List<IceCommand> commands)
    {
        foreach (var command in turnCommands)
        {
            switch (command)
            {
                case TurnClientCommand.Send send when !IsStream:
                    commands.Add(new IceCommand.SendDatagram(SocketId, send.Server, send.Bytes));
                    break;
                case TurnClientCommand.Send send:
                    Emit(send.Bytes, commands);
                    break;
                case TurnClientCommand.Redirected redirected when IsStream:
                    if (StreamId >= 0) commands.Add(new IceCommand.CloseStream(StreamId));
                    Dial(Configured with { Address = redirected.Server, ServerName = redirected.Domain ?? Configured.ServerName }, commands);
                    break;
                case TurnClientCommand.RequestFailed { Method: StunMethod.Allocate or StunMethod.Refresh } or TurnClientCommand.Closed or TurnClientCommand.TokenNeeded:
                    IsLost = true;
                    break;
                case TurnClientCommand.RequestFailed { Method: StunMethod.CreatePermission, Code: StunErrorCode.Forbidden or StunErrorCode.PeerAddressFamilyMismatch } failed:
                    refused.Enqueue(failed.Peer);
                    break;
            }
        }
        turnCommands.Clear();
    }
}
