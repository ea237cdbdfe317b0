using System.Diagnostics;
using System.Runtime.InteropServices;
using MediaRelay.Stun;
using MediaRelay.Turn.IO.Sockets;

namespace MediaRelay.Load.Relay;

/// <summary>Which way the media goes: from the clients through the relay to the peer, or back.</summary>
internal enum Direction
{
    Up,
    Down,
}

/// <summary>What one run of the generator saw.</summary>
internal sealed record MediaResult(long Sent, long Received, long Damaged, long Disordered, TimeSpan Elapsed, double GeneratorShare, double[] Latencies)
{
    public long Lost => Sent - Received;

    public double Rate => Received / Elapsed.TotalSeconds;

    public double Percentile(double share) => Latencies.Length == 0 ? 0 : Latencies[(int)Math.Min(Latencies.Length - 1, Latencies.Length * share)];
}

/// <summary>
/// Sends and receives media of many allocations from one thread with the relay's own batch sockets, and verifies each payload.
/// Closed loop: a fixed number of datagrams is under way, so the server is never idle and never flooded. Open loop: a given rate.
/// </summary>
internal sealed unsafe class MediaGenerator : IDisposable
{
    private const int PeerToken = 1_000_000;
    private const int Slots = 1024;
    private const int SlotBytes = 2048;

    private readonly DatagramLoop _loop;
    private readonly IReadOnlyList<LoadAllocation> _allocations;
    private readonly int _peerSocket;
    private readonly byte* _slots = (byte*)NativeMemory.AllocZeroed(Slots * SlotBytes);
    private readonly long[][] _next;
    private readonly long[][] _seen;
    private readonly List<double> _latencies = [];
    private readonly TransportAddress _server;
    private long _received;
    private long _damaged;
    private long _disordered;
    private int _slot;

    public MediaGenerator(IReadOnlyList<LoadAllocation> allocations, int peerSocket)
    {
        _loop = UringLoop.TryCreate(out var ring, out _) ? ring : new BatchLoop();
        _allocations = allocations;
        _peerSocket = peerSocket;
        _next = [new long[allocations.Count], new long[allocations.Count]];
        _seen = [new long[allocations.Count], new long[allocations.Count]];
        _server = TransportAddress.Parse($"{RelayNetwork.ServerAddress}:{ServerUnderTest.Port}");
        for (var i = 0; i < allocations.Count; i++)
        {
            var descriptor = (int)allocations[i].Socket.Handle;
            allocations[i].Socket.Blocking = false;
            _ = DatagramSocket.Set(descriptor, LibC.SolSocket, LibC.SoReceiveBufferForce, 2 << 20);
            _ = DatagramSocket.Set(descriptor, LibC.SolSocket, LibC.SoSendBufferForce, 2 << 20);
            _loop.Add(descriptor, i, coalesced: false);
        }

        _loop.Add(peerSocket, PeerToken, coalesced: false);
    }

    /// <summary>Keeps <paramref name="window"/> datagrams under way for the given time.</summary>
    public MediaResult RunClosed(Direction direction, int size, int burst, int window, TimeSpan duration)
    {
        Begin(burst);
        var clock = Stopwatch.StartNew();
        var cpu = ThreadCpu();
        long sent = 0, written = 0;
        var progress = TimeSpan.Zero;
        var allocation = 0;
        var lastReceived = 0L;
        while (clock.Elapsed < duration)
        {
            for (var room = 0; sent - written - _received + burst <= window && room < Slots - burst; room += burst)
            {
                for (var i = 0; i < burst; i++)
                    SendOne(direction, allocation, size);
                sent += burst;
                allocation = (allocation + 1) % _allocations.Count;
            }

            Turn(size, TimeSpan.FromMilliseconds(5), measure: false);
            if (_received != lastReceived)
            {
                lastReceived = _received;
                progress = clock.Elapsed;
            }
            else if (clock.Elapsed - progress > TimeSpan.FromMilliseconds(30))
            {
                // Everything under way is lost or will be counted when it comes late.
                written = sent - _received;
                progress = clock.Elapsed;
            }
        }

        var elapsed = clock.Elapsed;
        var share = (ThreadCpu() - cpu) / elapsed.TotalSeconds;
        Drain(size, sent);
        return Finish(sent, elapsed, share);
    }

    /// <summary>Sends at a fixed rate and notes the one-way time of each datagram in microseconds.</summary>
    public MediaResult RunOpen(Direction direction, int size, int perSecond, TimeSpan duration)
    {
        Begin(1);
        var clock = Stopwatch.StartNew();
        var cpu = ThreadCpu();
        long sent = 0;
        while (clock.Elapsed < duration)
        {
            var due = Math.Min((long)(clock.Elapsed.TotalSeconds * perSecond), sent + (Slots / 2));
            for (; sent < due; sent++)
                SendOne(direction, (int)(sent % _allocations.Count), size);
            Turn(size, TimeSpan.FromMicroseconds(50), measure: true);
        }

        var elapsed = clock.Elapsed;
        var share = (ThreadCpu() - cpu) / elapsed.TotalSeconds;
        Drain(size, sent);
        return Finish(sent, elapsed, share);
    }

    /// <summary>
    /// Sends one datagram up and one down per step at a fixed rate for a long time; <paramref name="report"/> is called now and then. At
    /// most <paramref name="window"/> datagrams are under way, so a pause of the machine is caught up without flooding the links.
    /// </summary>
    public MediaResult RunSoak(int size, double stepsPerSecond, int window, TimeSpan duration, TimeSpan every, Action<TimeSpan, long, long> report)
    {
        Begin(1);
        var clock = Stopwatch.StartNew();
        var cpu = ThreadCpu();
        long steps = 0, written = 0, lastReceived = 0;
        var (next, progress) = (every, TimeSpan.Zero);
        while (clock.Elapsed < duration)
        {
            var due = (long)(clock.Elapsed.TotalSeconds * stepsPerSecond);
            for (; steps < due && (steps * 2) - written - _received + 2 <= window; steps++)
            {
                SendOne(Direction.Up, (int)(steps % _allocations.Count), size);
                SendOne(Direction.Down, (int)(steps % _allocations.Count), size);
            }

            Turn(size, TimeSpan.FromMicroseconds(200), measure: false);
            if (_received != lastReceived)
                (lastReceived, progress) = (_received, clock.Elapsed);
            else if (clock.Elapsed - progress > TimeSpan.FromSeconds(1))
                (written, progress) = ((steps * 2) - _received, clock.Elapsed);
            if (clock.Elapsed >= next)
            {
                report(clock.Elapsed, steps * 2, _received);
                next += every;
            }
        }

        var elapsed = clock.Elapsed;
        var share = (ThreadCpu() - cpu) / elapsed.TotalSeconds;
        Drain(size, steps * 2);
        return Finish(steps * 2, elapsed, share);
    }

    /// <summary>Sends bursts of <paramref name="count"/> datagrams through one allocation, with a rest between them.</summary>
    public MediaResult RunKeyFrames(Direction direction, int size, int count, int bursts)
    {
        Begin(1);
        _loop.Joins = true;
        var clock = Stopwatch.StartNew();
        long sent = 0;
        for (var i = 0; i < bursts; i++)
        {
            for (var k = 0; k < count; k++, sent++)
                SendOne(direction, i % _allocations.Count, size);
            var until = clock.Elapsed + TimeSpan.FromMilliseconds(50);
            while (_received < sent && clock.Elapsed < until)
                Turn(size, TimeSpan.FromMilliseconds(2), measure: false);
        }

        var elapsed = clock.Elapsed;
        Drain(size, sent);
        return Finish(sent, elapsed, 0);
    }

    public void Dispose()
    {
        for (var i = 0; i < _allocations.Count; i++)
            _allocations[i].Dispose();
        _loop.Dispose();
        NativeMemory.Free(_slots);
    }

    private static double ThreadCpu()
    {
        var text = File.ReadAllText("/proc/thread-self/schedstat");
        return long.Parse(text.AsSpan(0, text.IndexOf(' ', StringComparison.Ordinal)), System.Globalization.CultureInfo.InvariantCulture) / 1e9;
    }

    private void Begin(int burst)
    {
        // Single packets are sent as such: joining them would spare the server work that real senders do not spare it.
        _loop.Joins = burst > 1;
        _received = _damaged = _disordered = 0;
        _latencies.Clear();
    }

    private void SendOne(Direction direction, int allocation, int size)
    {
        var slot = _slots + (_slot++ % Slots * SlotBytes);
        var sequence = ++_next[(int)direction][allocation];
        MediaPattern.Write(new Span<byte>(slot + 4, size), allocation, sequence, Stopwatch.GetTimestamp());
        if (direction == Direction.Up)
        {
            ChannelData.WriteHeader(new Span<byte>(slot, 4), LoadAllocation.Channel, size);
            _loop.Send((int)_allocations[allocation].Socket.Handle, _server, slot, size + 4, 0);
        }
        else
        {
            _loop.Send(_peerSocket, _allocations[allocation].Relayed, slot + 4, size, 0);
        }
    }

    private void Turn(int size, TimeSpan timeout, bool measure)
    {
        _loop.Wait(timeout);
        var now = Stopwatch.GetTimestamp();
        foreach (ref readonly var entry in _loop.Received)
        {
            if (entry.Error != 0)
                continue;
            var bytes = entry.Bytes;
            var seen = _seen[(int)(entry.Token == PeerToken ? Direction.Up : Direction.Down)];
            if (entry.Token != PeerToken)
            {
                if (!ChannelData.TryRead(bytes, out var message))
                    continue;
                bytes = message.Payload;
            }

            if (!MediaPattern.TryVerify(bytes, size, out var allocation, out var sequence, out var time))
            {
                _damaged++;
                continue;
            }

            _received++;
            if (sequence != seen[allocation] + 1)
                _disordered++;
            seen[allocation] = sequence;
            if (measure)
                _latencies.Add((now - time) * 1e6 / Stopwatch.Frequency);
        }
    }

    private void Drain(int size, long sent)
    {
        var clock = Stopwatch.StartNew();
        while (_received < sent && clock.ElapsedMilliseconds < 300)
            Turn(size, TimeSpan.FromMilliseconds(20), measure: false);
    }

    private MediaResult Finish(long sent, TimeSpan elapsed, double share)
    {
        _latencies.Sort();
        return new MediaResult(sent, _received, _damaged, _disordered, elapsed, share, [.. _latencies]);
    }
}
