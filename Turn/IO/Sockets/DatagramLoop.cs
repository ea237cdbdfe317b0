using System.Runtime.InteropServices;
using MediaRelay.Stun;

namespace MediaRelay.Turn.IO.Sockets;

/// <summary>
/// Many UDP sockets of one thread: waits for datagrams of all of them at once, and sends what was queued in as few system calls
/// as it can. One turn is: <see cref="Wait"/>, read <see cref="Received"/>, <see cref="Send"/> any number of answers from the same
/// buffers, <see cref="Wait"/> again. Nothing is copied and nothing is allocated per datagram.
/// <para>Not thread-safe except for <see cref="Wake"/>.</para>
/// </summary>
internal abstract unsafe class DatagramLoop : IDisposable
{
    /// <summary>Bytes in front of each received datagram that the owner may write to: a Data indication over IPv6 needs 48.</summary>
    public const int Headroom = 64;

    /// <summary>Datagrams (or trains) handed out per turn at most.</summary>
    public const int Budget = 256;

    /// <summary>Largest train that a coalescing socket can deliver, in bytes.</summary>
    public const int TrainCapacity = 65_536;

    private readonly int _wake;
    private readonly MultiMessageHeader* _run = (MultiMessageHeader*)NativeMemory.AllocZeroed(SendBatch.Capacity, (nuint)sizeof(MultiMessageHeader));
    private readonly int[] _runOf = new int[SendBatch.Capacity];
    private protected readonly ReceivedDatagram* Entries;

    private protected DatagramLoop()
    {
        _wake = LibC.EventDescriptor(0, LibC.NonBlocking | LibC.CloseOnExec);
        Entries = (ReceivedDatagram*)NativeMemory.AllocZeroed(Budget, (nuint)sizeof(ReceivedDatagram));
        Outgoing = new SendBatch();
    }

    /// <summary>Datagrams that could not be sent because the socket's buffer was full or the network refused them.</summary>
    public long SendFailures { get; private protected set; }

    /// <summary>Times that all receive buffers were taken, so that datagrams had to wait in their sockets for the next turn.</summary>
    public long Shortages { get; private protected set; }

    /// <summary>System calls made.</summary>
    public long Calls { get; private protected set; }

    /// <summary>Name of the mechanism for logs: <c>io_uring</c> or <c>epoll</c>.</summary>
    public abstract string Mechanism { get; }

    /// <summary>Whether equal datagrams of one flow are joined into trains when they are sent.</summary>
    public bool Joins { get => Outgoing.Segmentation; set => Outgoing.Segmentation = value; }

    private protected SendBatch Outgoing { get; }

    private protected int WakeDescriptor => _wake;

    private protected int ReceivedCount { get; set; }

    public ReadOnlySpan<ReceivedDatagram> Received => new(Entries, ReceivedCount);

    /// <summary>
    /// Starts to receive on a socket. <paramref name="coalesced"/> tells that the socket has UDP_GRO on, <paramref name="isBusy"/> that it is one
    /// of few through which much comes, as a listener: such a one is read in batches, whatever the mechanism.
    /// </summary>
    public abstract void Add(int descriptor, int token, bool coalesced, bool isBusy = false);

    /// <summary>Stops to receive and closes the descriptor. Datagrams already received under the token may still be in <see cref="Received"/>.</summary>
    public abstract void Remove(int descriptor, int token);

    /// <summary>Sends what was queued, gives the buffers of the last turn back, and waits for datagrams, a wake-up or the time-out.</summary>
    public abstract void Wait(TimeSpan timeout);

    /// <summary>Queues one datagram. The bytes must stay unchanged until the next <see cref="Wait"/>.</summary>
    public void Send(int descriptor, TransportAddress to, byte* data, int length, byte trafficClass)
    {
        if (!Outgoing.TryAdd(descriptor, to, data, length, trafficClass))
        {
            Flush();
            _ = Outgoing.TryAdd(descriptor, to, data, length, trafficClass);
        }
    }

    /// <summary>As <see cref="Send"/>, with up to <see cref="SendBatch.PrefixCapacity"/> bytes put in front, which are copied.</summary>
    public void SendWithPrefix(int descriptor, TransportAddress to, ReadOnlySpan<byte> prefix, byte* data, int length, byte trafficClass)
    {
        if (!Outgoing.TryAdd(descriptor, to, prefix, data, length, trafficClass))
        {
            Flush();
            _ = Outgoing.TryAdd(descriptor, to, prefix, data, length, trafficClass);
        }
    }

    /// <summary>Sends everything queued now; used when the owner wants to reuse memory before the turn ends.</summary>
    public abstract void Flush();

    /// <summary>Makes a running or the next <see cref="Wait"/> return; may be called from any thread.</summary>
    public void Wake()
    {
        ulong one = 1;
        _ = LibC.Write(_wake, &one, 8);
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        Outgoing.Dispose();
        NativeMemory.Free(Entries);
        NativeMemory.Free(_run);
        _ = LibC.Close(_wake);
    }

    private protected void DrainWake()
    {
        ulong count;
        _ = LibC.Read(_wake, &count, 8);
    }

    /// <summary>
    /// Sends the queued messages from <paramref name="first"/> on that leave the same socket with sendmmsg, and returns the first one that does not.
    /// </summary>
    private protected int SendRun(int first)
    {
        var descriptor = Outgoing.DescriptorOf(first);
        var (end, count) = (first, 0);
        for (; end < Outgoing.Count && Outgoing.DescriptorOf(end) == descriptor; end++)
        {
            if (!Outgoing.IsPlain(end, out _, out _))
            {
                _runOf[count] = end;
                _run[count++] = *Outgoing.Prepare(end);
                continue;
            }

            for (var segment = Outgoing.FirstOf(end); segment >= 0; segment = Outgoing.NextOf(segment))
            {
                _runOf[count] = ~segment;
                Outgoing.PrepareAlone(segment, _run + count++);
            }
        }

        for (var sent = 0; sent < count;)
        {
            Calls++;
            var done = LibC.SendMany(descriptor, _run + sent, (uint)(count - sent), LibC.MessageDontWait | LibC.MessageNoSignal);
            if (done > 0)
            {
                sent += done;
                continue;
            }

            var error = Marshal.GetLastPInvokeError();
            if (error == LibC.Eintr)
                continue;
            if (_runOf[sent] >= 0)
                Retry(_runOf[sent], error);
            else
                RetryAlone(~_runOf[sent], error);
            sent++;
        }

        return end;
    }

    /// <summary>Sends one queued message again, alone or cut into its datagrams, after the joint attempt failed.</summary>
    private protected void Retry(int index, int error)
    {
        if (error is LibC.Eagain or LibC.Enobufs)
        {
            SendFailures += Outgoing.SegmentsOf(index);
            return;
        }

        // Anything else is tried once more, one datagram at a time: an ICMP error waiting on the socket fails the send that meets
        // it, and a train longer than the path's MTU is refused. These two errors mean that the device cannot cut trains at all.
        if ((error is LibC.Eio or LibC.Eopnotsupp) && Outgoing.SegmentsOf(index) > 1)
            Outgoing.Segmentation = false;
        SendFailures += Outgoing.SendOneByOne(index);
    }

    /// <summary>As <see cref="Retry"/> for a datagram that was sent by itself.</summary>
    private protected void RetryAlone(int segment, int error) =>
        SendFailures += (error is LibC.Eagain or LibC.Enobufs) ? 1 : Outgoing.SendAgain(segment);

    /// <summary>Walks the control messages of a received datagram for traffic class and train segment size.</summary>
    internal static void ReadControl(byte* control, nuint length, ref ReceivedDatagram entry)
    {
        for (nuint at = 0; at + 17 <= length;)
        {
            var header = (ControlHeader*)(control + at);
            if (header->Length < 16)
                return;
            if (header->Level == LibC.SolUdp && header->Type == LibC.UdpGro)
                entry.SegmentSize = *(int*)(control + at + 16);
            else if (header->Level == LibC.SolSocket && header->Type == LibC.SoReceiveOverflow)
                entry.Dropped = *(uint*)(control + at + 16);
            else if ((header->Level == LibC.SolIp && header->Type == LibC.IpTos) || (header->Level == LibC.SolIpv6 && header->Type == LibC.Ipv6TrafficClass))
                entry.TrafficClass = control[at + 16];
            at += (header->Length + 7) & ~(nuint)7;
        }
    }
}
