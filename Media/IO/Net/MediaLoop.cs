using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Media.IO.Net;

/// <summary>
/// The one thread that owns endpoints and sources: waits for datagrams, posted packets, posted work and deadlines, and reads the clock
/// once per round. Packets take no lock and allocate nothing once the queues have grown.
/// </summary>
internal sealed partial class MediaLoop : IDisposable
{
    private const int LargestDatagram = 4096;
    private const int DatagramsPerPortAndRound = 64;
    private const int MostQueuedPackets = 8192;

    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly long _start;
    private readonly Epoll _epoll = new();
    private readonly Thread _thread;
    private readonly ConcurrentQueue<Action> _work = new();
    private readonly ConcurrentQueue<MediaPacket> _packets = new();
    private readonly ConcurrentQueue<MediaPacket> _free = new();
    private readonly PriorityQueue<LoopMember, TimeSpan> _deadlines = new();
    private readonly List<UdpPort?> _ports = [];
    private readonly byte[] _datagram = GC.AllocateUninitializedArray<byte>(LargestDatagram, pinned: true);
    private int _queued;
    private int _sleeping;
    private volatile bool _stop;

    public MediaLoop(TimeProvider time, ILogger logger)
    {
        _time = time;
        _logger = logger;
        _start = time.GetTimestamp();
        _thread = new Thread(Run) { IsBackground = true, Name = "media-loop" };
        _thread.Start();
    }

    /// <summary>Monotonic time since the loop started; from any thread.</summary>
    public TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>True on the loop's own thread.</summary>
    public bool IsCurrent => Thread.CurrentThread == _thread;

    /// <summary>Packets lost because the loop could not keep up.</summary>
    public long PacketsLost;

    /// <summary>Work that waits for the loop. There is no limit: whoever posts what the network brings waits for it to be done before more.</summary>
    internal int WaitingWork => _work.Count;

    /// <summary>Runs work on the loop, in order; from any thread.</summary>
    public void Post(Action work)
    {
        _work.Enqueue(work);
        WakeWhenAsleep();
    }

    /// <summary>Runs work on the loop and gives back its result; runs at once when called on the loop.</summary>
    public Task<T> InvokeAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Do()
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception e) // The caller gets whatever the work threw.
            {
                done.SetException(e);
            }
        }
        if (IsCurrent) Do();
        else Post(Do);
        return done.Task;
    }

    public Task InvokeAsync(Action work) => InvokeAsync(() =>
    {
        work();
        return true;
    });

    /// <summary>Copies a packet into a pooled buffer and hands it to the loop; from any thread. Lost when it is too large or the loop is far behind.</summary>
    public void Post(IPacketTarget target, int tag, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MediaPacket.Capacity || Volatile.Read(ref _queued) >= MostQueuedPackets)
        {
            Interlocked.Increment(ref PacketsLost);
            return;
        }
        if (!_free.TryDequeue(out var packet)) packet = new MediaPacket();
        bytes.CopyTo(packet.Bytes);
        packet.Length = bytes.Length;
        packet.Target = target;
        packet.Tag = tag;
        Interlocked.Increment(ref _queued);
        _packets.Enqueue(packet);
        WakeWhenAsleep();
    }

    /// <summary>Starts reading a port; on the loop only.</summary>
    public void Add(UdpPort port)
    {
        var key = _ports.IndexOf(null);
        if (key < 0)
        {
            key = _ports.Count;
            _ports.Add(null);
        }
        _ports[key] = port;
        port.Key = key;
        _epoll.Add(port.Descriptor, key);
    }

    /// <summary>Stops reading a port and closes it; on the loop only.</summary>
    public void Remove(UdpPort port)
    {
        _epoll.Remove(port.Descriptor);
        _ports[port.Key] = null;
        port.Dispose();
    }

    /// <summary>Looks at a member's deadline again; call after anything that may have brought it forward. On the loop only.</summary>
    public void Schedule(LoopMember member)
    {
        if (member.NextDeadline is not { } at || at >= member.ScheduledAt) return;
        member.ScheduledAt = at;
        _deadlines.Enqueue(member, at);
    }

    public void Dispose()
    {
        _stop = true;
        _epoll.Wake();
        if (!IsCurrent) _thread.Join();
    }

    private void WakeWhenAsleep()
    {
        if (Interlocked.Exchange(ref _sleeping, 0) == 1) _epoll.Wake();
    }

    /// <summary>One round: waits for something to do, when that is allowed, and does everything that is there. On the loop only.</summary>
    internal void RunOnce(bool mayWait)
    {
        Span<int> ready = stackalloc int[128];
        Volatile.Write(ref _sleeping, 1);
        Interlocked.MemoryBarrier();
        // What was posted before the flag was set would not wake the loop.
        var wait = mayWait && _packets.IsEmpty && _work.IsEmpty ? UntilDeadline() : 0;
        var count = _epoll.Wait(wait, ready);
        Volatile.Write(ref _sleeping, 0);
        var now = Now;
        for (var i = 0; i < count; i++)
        {
            if (_ports[ready[i]] is { } port) ReadPort(port, now);
        }
        // Work before packets: a camera announces its tracks by work, and its first packet is often the key frame.
        while (_work.TryDequeue(out var work)) Guard(work, static w => w());
        HandlePackets(now);
        HandleDeadlines(Now);
    }

    private void Run()
    {
        while (!_stop) RunOnce(mayWait: true);
        foreach (var port in _ports) port?.Dispose();
        _epoll.Dispose();
    }

    private int UntilDeadline()
    {
        if (!_deadlines.TryPeek(out _, out var at)) return -1;
        var left = at - Now;
        return left <= TimeSpan.Zero ? 0 : (int)Math.Min(60_000, Math.Ceiling(left.TotalMilliseconds));
    }

    private void ReadPort(UdpPort port, TimeSpan now)
    {
        for (var i = 0; i < DatagramsPerPortAndRound && port.TryReceive(_datagram, out var length, out var from); i++)
        {
            try
            {
                port.Handler?.HandleDatagram(port, from, _datagram.AsSpan(0, length), now);
            }
            catch (Exception e) // One endpoint's bug must not stop the loop of all others.
            {
                LogFault(e);
            }
            if (_ports[port.Key] != port) return;
        }
    }

    private void HandlePackets(TimeSpan now)
    {
        for (var i = 0; i < 1024 && _packets.TryDequeue(out var packet); i++)
        {
            Interlocked.Decrement(ref _queued);
            try
            {
                packet.Target!.HandlePacket(packet.Tag, packet.Span, now);
            }
            catch (Exception e) // As above.
            {
                LogFault(e);
            }
            packet.Target = null;
            _free.Enqueue(packet);
        }
    }

    private void HandleDeadlines(TimeSpan now)
    {
        while (_deadlines.TryPeek(out var member, out var at) && at <= now)
        {
            _deadlines.Dequeue();
            if (at != member.ScheduledAt) continue;
            member.ScheduledAt = TimeSpan.MaxValue;
            if (member.NextDeadline is { } due && due <= now) Guard((member, now), static m => m.member.HandleDeadline(m.now));
            Schedule(member);
        }
    }

    private void Guard<T>(T state, Action<T> work)
    {
        try
        {
            work(state);
        }
        catch (Exception e) // As above.
        {
            LogFault(e);
        }
    }

    [LoggerMessage(EventId = 2000, EventName = "MediaLoopFault", Level = LogLevel.Critical, Message = "The media loop met a fault of its own; the packet or input was dropped.")]
    private partial void LogFault(Exception fault);
}
