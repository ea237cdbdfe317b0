using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MediaRelay.Turn.IO.Sockets;

/// <summary>
/// <see cref="DatagramLoop"/> over epoll, recvmmsg and sendmmsg, for systems where io_uring is forbidden. One system call per
/// ready socket and per socket that sends.
/// </summary>
internal sealed unsafe class BatchLoop : DatagramLoop
{
    private const int ReadyCapacity = 64;
    private const uint EpollIn = 1;
    private const uint EpollError = 8;
    private const ulong WakeKey = ulong.MaxValue;

    private readonly int _epoll;
    private readonly EpollEvent* _ready = (EpollEvent*)NativeMemory.AllocZeroed(ReadyCapacity, (nuint)sizeof(EpollEvent));
    private readonly BatchReceiver _receiver = new();
    private readonly Dictionary<int, Added> _added = [];
    private int _first;

    public BatchLoop()
    {
        _epoll = LibC.EpollCreate(LibC.CloseOnExec);
        var change = new EpollEvent { Events = EpollIn, Data = WakeKey };
        _ = LibC.EpollControl(_epoll, 1, WakeDescriptor, &change);
    }

    public override string Mechanism => "epoll";

    public override void Add(int descriptor, int token, bool coalesced, bool isBusy = false)
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
        _receiver.Begin();
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
            first = SendRun(first);
        Outgoing.Clear();
    }

    protected override void Dispose(bool disposing)
    {
        _ = LibC.Close(_epoll);
        NativeMemory.Free(_ready);
        _receiver.Dispose();
        base.Dispose(disposing);
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

        Calls++;
        ReceivedCount += _receiver.Receive(added.Descriptor, token, added.Coalesced, Entries + ReceivedCount, Budget - ReceivedCount, out _, out _);
    }

    private readonly record struct Added(int Descriptor, bool Coalesced);
}
