using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MediaRelay.Turn.IO.Sockets;

/// <summary>
/// <see cref="DatagramLoop"/> over epoll, recvmmsg and sendmmsg, for systems where io_uring is forbidden. One system call per
/// ready socket and per socket that sends.
/// </summary>
internal sealed unsafe class BatchLoop : DatagramLoop
{
    private const int PerSocket = 32;
    private const int ReadyCapacity = 64;
    private const int PayloadOffset = 128;
    private const int ControlReserve = 80;
    private const int SmallCapacity = 2048;
    private const uint EpollIn = 1;
    private const uint EpollError = 8;
    private const ulong WakeKey = ulong.MaxValue;

    private readonly int _epoll;
    private readonly EpollEvent* _ready = (EpollEvent*)NativeMemory.AllocZeroed(ReadyCapacity, (nuint)sizeof(EpollEvent));
    private readonly MultiMessageHeader* _headers = (MultiMessageHeader*)NativeMemory.AllocZeroed(Budget, (nuint)sizeof(MultiMessageHeader));
    private readonly MultiMessageHeader* _run = (MultiMessageHeader*)NativeMemory.AllocZeroed(SendBatch.Capacity, (nuint)sizeof(MultiMessageHeader));
    private readonly IoVector* _vectors = (IoVector*)NativeMemory.AllocZeroed(Budget, (nuint)sizeof(IoVector));
    private readonly BufferRing _buffers = new(Budget, TrainCapacity + PayloadOffset);
    private readonly Dictionary<int, Added> _added = [];
    private int _first;

    public BatchLoop()
    {
        _epoll = LibC.EpollCreate(LibC.CloseOnExec);
        var change = new EpollEvent { Events = EpollIn, Data = WakeKey };
        _ = LibC.EpollControl(_epoll, 1, WakeDescriptor, &change);
        for (var i = 0; i < Budget; i++)
        {
            var memory = _buffers[i];
            _vectors[i] = new IoVector { Start = memory + PayloadOffset };
            _headers[i].Header = new MessageHeader { Name = memory, Control = memory + 32, Vectors = _vectors + i, VectorCount = 1 };
        }
    }

    public override string Mechanism => "epoll";

    public override void Add(int descriptor, int token, bool coalesced)
    {
        _added[token] = new Added(descriptor, coalesced);
        var change = new EpollEvent { Events = EpollIn, Data = (uint)token };
        _ = LibC.EpollControl(_epoll, 1, descriptor, &change);
    }

    public override void Remove(int descriptor, int token)
    {
        _ = _added.Remove(token);
        Flush();
        _ = LibC.Close(descriptor);
    }

    public override void Wait(TimeSpan timeout)
    {
        Flush();
        ReceivedCount = 0;
        var time = KernelTime.From(timeout < TimeSpan.Zero ? TimeSpan.Zero : timeout);
        Calls++;
        var count = LibC.EpollWait(_epoll, _ready, ReadyCapacity, &time, null);

        // The kernel names ready sockets in the same order again and again: a turn begins where the budget of the last one ended.
        var served = 0;
        for (; served < count && ReceivedCount < Budget; served++)
        {
            var ready = _ready + ((_first + served) % count);
            if (ready->Data == WakeKey)
                DrainWake();
            else
                Receive((int)(uint)ready->Data, (ready->Events & EpollError) != 0);
        }

        _first = served < count ? (_first + served) % count : 0;
    }

    public override void Flush()
    {
        for (var first = 0; first < Outgoing.Count;)
        {
            var descriptor = Outgoing.DescriptorOf(first);
            var end = first;
            while (end < Outgoing.Count && Outgoing.DescriptorOf(end) == descriptor)
            {
                _run[end - first] = *Outgoing.Prepare(end);
                end++;
            }

            SendRun(descriptor, first, end - first);
            first = end;
        }

        Outgoing.Clear();
    }

    protected override void Dispose(bool disposing)
    {
        _ = LibC.Close(_epoll);
        NativeMemory.Free(_ready);
        NativeMemory.Free(_headers);
        NativeMemory.Free(_run);
        NativeMemory.Free(_vectors);
        _buffers.Dispose();
        base.Dispose(disposing);
    }

    private void SendRun(int descriptor, int first, int count)
    {
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
            Retry(first + sent, error);
            sent++;
        }
    }

    private void Receive(int token, bool failed)
    {
        ref var added = ref CollectionsMarshal.GetValueRefOrNullRef(_added, token);
        if (Unsafe.IsNullRef(ref added))
            return;
        if (failed)
        {
            Entries[ReceivedCount++] = new ReceivedDatagram { Token = token, Error = LibC.Eio };
            if (ReceivedCount == Budget)
                return;
        }

        var first = ReceivedCount;
        var room = Math.Min(PerSocket, Budget - first);
        for (var i = first; i < first + room; i++)
        {
            _headers[i].Header.NameLength = SocketName.Capacity;
            _headers[i].Header.ControlLength = ControlReserve;
            _vectors[i].Length = (nuint)(added.Coalesced ? TrainCapacity : SmallCapacity);
        }

        Calls++;
        var count = LibC.ReceiveMany(added.Descriptor, _headers + first, (uint)room, LibC.MessageDontWait, null);
        for (var i = first; i < first + count; i++)
        {
            if ((_headers[i].Header.Flags & LibC.MessageTruncated) != 0)
                continue;
            ref var entry = ref Entries[ReceivedCount++];
            entry.Token = token;
            entry.Error = 0;
            entry.Payload = _vectors[i].Start;
            entry.Length = (int)_headers[i].Length;
            entry.SegmentSize = entry.Length;
            entry.Name = (byte*)_headers[i].Header.Name;
            entry.TrafficClass = 0;
            entry.Dropped = 0;
            ReadControl(_headers[i].Header.Control, _headers[i].Header.ControlLength, ref entry);
        }
    }

    private readonly record struct Added(int Descriptor, bool Coalesced);
}
