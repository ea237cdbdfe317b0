using System.Runtime.InteropServices;
using MediaRelay.Stun;
using MediaRelay.Turn.IO.Sockets;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn.IO.Shards;

/// <summary>
/// One relay thread: its sockets, its engine, and nobody else's. A turn of the loop is
/// <code>
///   wait      sends of the turn before go out, datagrams come in: one system call for all relay ports, two for a listener (io_uring)
///   clock     read once
///   inbox     frames of stream and DTLS clients and what other shards hand over, at most <see cref="InboxBudget"/>
///   control   everything that came on control sockets
///   media     everything else, at most <see cref="DatagramLoop.Budget"/> datagrams or trains
///   timers    what is due in the engine
/// </code>
/// The kernel hands a client's datagrams always to the same shard (<see cref="ReusePortFilter"/>), so shards share nothing per packet.
/// </summary>
internal sealed unsafe partial class RelayShard : IDisposable
{
    private const int InboxBudget = 256;
    private const int RelayTokens = 1 << 30;
    private const int ReplyArena = 512 * 1024;
    private const int MaxReply = 2048; // RelayEngine.MaxReply, or a datagram that leaves its train
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private readonly ShardSettings _settings;
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly ITurnObserver _observer;
    private readonly List<RelayCommand> _commands = new(64);
    private readonly Dictionary<int, ClientConnection> _clients = [];
    private readonly int[][] _relaySockets;
    private readonly OverloadGuard _overload;
    private readonly TrainGauge _trains;
    private readonly byte* _replies = (byte*)NativeMemory.Alloc(ReplyArena);
    private readonly ManualResetEventSlim _ready = new();
    private DatagramLoop _loop = null!;
    private RelayEngine _engine = null!;
    private Thread? _thread;
    private TimeSpan _now;
    private int _replyAt;
    private volatile bool _stopping;

    public RelayShard(ShardSettings settings, ITurnObserver observer, TimeProvider time)
    {
        _settings = settings;
        _observer = observer;
        _time = time;
        _started = time.GetTimestamp();
        _relaySockets = [.. settings.RelayAddresses.Select(address => new int[address.Ports.Count])];
        _overload = new OverloadGuard(settings.Sockets, settings.RelayBuffer);
        _trains = new TrainGauge(settings.Sockets);
        Inbox = new ShardInbox(() => _loop.Wake());
    }

    public int Index => _settings.Index;

    public ShardInbox Inbox { get; }

    public ShardCounters Counters { get; } = new();

    /// <summary>Counters of the engine; may be read from any thread once the shard has started.</summary>
    public RelayCounters EngineCounters => _engine.Counters;

    public int Allocations => _engine.AllocationCount;

    public string Mechanism => _loop.Mechanism;

    /// <summary>The engine; only for work posted to <see cref="Inbox"/>.</summary>
    public RelayEngine Engine => _engine;

    public TimeSpan Now => _now;

    /// <summary>Time since the loop last turned; an idle loop turns at least once a second.</summary>
    public TimeSpan Idle => _time.GetElapsedTime(_started) - new TimeSpan(Volatile.Read(ref Counters.LastTurn));

    /// <summary>Starts the thread and waits until it serves.</summary>
    public void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = $"relay shard {Index}" };
        _thread.Start();
        _ready.Wait();
    }

    public void Stop()
    {
        _stopping = true;
        _loop?.Wake();
        _thread?.Join(TimeSpan.FromSeconds(5));
    }

    public void Dispose()
    {
        Stop();
        _ready.Dispose();
    }

    /// <summary>Ends the allocations of a user or subscriber; only for work posted to <see cref="Inbox"/>.</summary>
    public int Revoke(ReadOnlySpan<byte> user)
    {
        var count = _engine.Revoke(user, _now, _commands);
        ExecuteAll();
        return count;
    }

    /// <summary>Takes another peer policy; only for work posted to <see cref="Inbox"/>.</summary>
    public void Update(PeerFilter peers)
    {
        _engine.Update(peers, _now, _commands);
        ExecuteAll();
    }

    private void Run()
    {
        _loop = _settings.Mechanism == DatagramMechanism.Auto && UringLoop.TryCreate(out var ring, out _) ? ring : new BatchLoop();
        try
        {
            _engine = _settings.CreateEngine();
            for (var i = 0; i < _settings.Sockets.Count; i++)
                _loop.Add(_settings.Sockets[i].Descriptor, i, coalesced: true, isBusy: true);
            _ready.Set();
            while (!_stopping)
            {
                try
                {
                    Turn();
                }
                catch (Exception exception) when (exception is not OutOfMemoryException)
                {
                    // A bug in the engine costs one turn, not the node.
                    Contain(exception);
                }
            }
        }
        finally
        {
            Close();
            _ready.Set();
        }
    }

    private void Close()
    {
        foreach (var client in _clients.Values)
            client.Close();
        foreach (var peer in _peers.Values)
            peer.Dispose();
        foreach (var listener in _tcpPorts.Values)
            listener.Dispose();
        for (var address = 0; address < _relaySockets.Length; address++)
        {
            foreach (var descriptor in _relaySockets[address].Where(descriptor => descriptor > 0))
                DatagramSocket.Close(descriptor);
        }

        foreach (var (_, descriptor, _) in _settings.Sockets)
            DatagramSocket.Close(descriptor);
        _loop.Dispose();
        NativeMemory.Free(_replies);
    }

    private void Turn()
    {
        _now = _time.GetElapsedTime(_started);
        var timeout = _engine.NextDeadline is { } deadline ? deadline - _now : LongestWait;
        if (timeout > LongestWait)
            timeout = LongestWait;
        if (timeout > TimeSpan.Zero && !Inbox.TrySleep())
            timeout = TimeSpan.Zero;
        _loop.Wait(timeout);
        Inbox.Awake();
        _replyAt = 0;
        _now = _time.GetElapsedTime(_started);
        Counters.Turns++;
        Counters.LastTurn = _now.Ticks;

        // First, because it may say whose datagrams belong to another shard.
        TakeInbox();
        var received = _loop.Received;
        for (var next = 0; next < received.Length;)
            next = TakeControl(received, next);
        for (var next = 0; next < received.Length;)
            next = TakeMedia(received, next);

        if (_engine.NextDeadline is { } due && due <= _now)
        {
            _engine.HandleDeadline(_now, _commands);
            ExecuteAll();
        }

        TellWithheld();
        _trains.Observe(_now);
        _overload.Observe(_now, received.Length == DatagramLoop.Budget, Counters);
        Counters.SystemCalls = _loop.Calls;
        Counters.SendFailures = _loop.SendFailures;
        Counters.BufferShortages = _loop.Shortages;
    }

    /// <summary>From one datagram on, everything of control sockets. Gives where to go on: behind the last one, or behind one that met a bug, whose cost is its own answer.</summary>
    private int TakeControl(ReadOnlySpan<ReceivedDatagram> received, int at)
    {
        var sockets = _settings.Sockets;
        try
        {
            for (; at < received.Length; at++)
            {
                if ((uint)received[at].Token < (uint)sockets.Count && !sockets[received[at].Token].IsMedia)
                    HandleFromClient(in received[at], sockets[received[at].Token].Listener);
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Contain(exception);
        }

        return at + 1;
    }

    /// <summary>The same for everything else.</summary>
    private int TakeMedia(ReadOnlySpan<ReceivedDatagram> received, int at)
    {
        var sockets = _settings.Sockets;
        try
        {
            for (; at < received.Length; at++)
            {
                ref readonly var entry = ref received[at];
                if (entry.Token >= RelayTokens)
                {
                    if (entry.Dropped == 0 || !_overload.DropsFromPeer(entry.Token, entry.Length, entry.Dropped, Counters))
                        HandleFromPeer(in entry);
                }
                else if (sockets[entry.Token].IsMedia && !_overload.Drops(entry.Token, entry.Length, Counters))
                    HandleFromClient(in entry, sockets[entry.Token].Listener);
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Contain(exception);
        }

        return at + 1;
    }

    private void TakeInbox()
    {
        for (var taken = 0; taken < InboxBudget && !Inbox.IsEmpty;)
        {
            try
            {
                for (; taken < InboxBudget && Inbox.TryTake(out var message); taken++)
                {
                    if (message.Work is { } work)
                        work(this);
                    else if (message.IsClosed)
                        HandleClosed(message.Client!);
                    else
                        HandleFrame(message.Client, message.Client?.Client ?? message.From, message.Rented!, message.Length, message.Origin - 1);
                }
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                Contain(exception);
                taken++;
            }
        }
    }

    /// <summary>Tells of a bug and drops the commands that it left half carried out, so that it is not met again with every later request.</summary>
    private void Contain(Exception exception)
    {
        _commands.Clear();
        _afterReply.Clear();
        Counters.Restarts++;
        _observer.ShardFailed(Index, exception);
    }

    private Span<byte> NextReply(out byte* memory)
    {
        if (_replyAt + MaxReply > ReplyArena)
        {
            _loop.Flush();
            _replyAt = 0;
        }

        memory = _replies + _replyAt;
        return new Span<byte>(memory, MaxReply);
    }

    private void SendReply(int descriptor, TransportAddress to, byte* memory, int length)
    {
        _replyAt += (length + 63) & ~63;
        _loop.Send(descriptor, to, memory, length, 0);
    }

    private ref int RelaySocket(RelayPort port) => ref _relaySockets[port.AddressIndex][port.Port - _settings.RelayAddresses[port.AddressIndex].Ports.First];

    private static int TokenOf(RelayPort port) => RelayTokens | port.Key;

    private static RelayPort PortOf(int token) => new((byte)((token >> 16) & 0xFF), (ushort)token);
}
