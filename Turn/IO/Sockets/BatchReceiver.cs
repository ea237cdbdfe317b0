using System.Runtime.InteropServices;

namespace MediaRelay.Turn.IO.Sockets;

/// <summary>
/// Receives with recvmmsg into buffers that are good for one turn: many datagrams of one socket per system call. Every turn begins
/// with the same buffers, so a lightly loaded loop stays in the processor's cache.
/// </summary>
internal sealed unsafe class BatchReceiver : IDisposable
{
    /// <summary>Datagrams taken from one socket before another one has its turn.</summary>
    public const int PerCall = 32;

    private const int PayloadOffset = 128;
    private const int ControlReserve = 80;
    private const int SmallCapacity = 2048;

    private readonly MultiMessageHeader* _headers = (MultiMessageHeader*)NativeMemory.AllocZeroed(DatagramLoop.Budget, (nuint)sizeof(MultiMessageHeader));
    private readonly IoVector* _vectors = (IoVector*)NativeMemory.AllocZeroed(DatagramLoop.Budget, (nuint)sizeof(IoVector));
    private readonly BufferRing _buffers = new(DatagramLoop.Budget, DatagramLoop.TrainCapacity + PayloadOffset);
    private int _used;

    public BatchReceiver()
    {
        for (var i = 0; i < DatagramLoop.Budget; i++)
        {
            var memory = _buffers[i];
            _vectors[i] = new IoVector { Start = memory + PayloadOffset };
            _headers[i].Header = new MessageHeader { Name = memory, Control = memory + 32, Vectors = _vectors + i, VectorCount = 1 };
        }
    }

    /// <summary>Gives the buffers of the turn before back.</summary>
    public void Begin() => _used = 0;

    /// <summary>
    /// Takes up to <paramref name="room"/> datagrams and writes an entry for each that was not cut off; returns how many entries. <paramref name="taken"/>
    /// is how many left the socket's queue: fewer than <paramref name="asked"/> when it is empty now, negative when the call failed.
    /// </summary>
    public int Receive(int descriptor, int token, bool coalesced, ReceivedDatagram* entries, int room, out int asked, out int taken)
    {
        var first = _used;
        asked = Math.Min(Math.Min(PerCall, room), DatagramLoop.Budget - first);
        for (var i = first; i < first + asked; i++)
        {
            _headers[i].Header.NameLength = SocketName.Capacity;
            _headers[i].Header.ControlLength = ControlReserve;
            _vectors[i].Length = (nuint)(coalesced ? DatagramLoop.TrainCapacity : SmallCapacity);
        }

        taken = LibC.ReceiveMany(descriptor, _headers + first, (uint)asked, LibC.MessageDontWait, null);
        if (taken <= 0)
            return 0;

        // A buffer stays used also when its datagram was cut off and has no entry: the ones behind it are in use.
        _used += taken;
        var count = 0;
        for (var i = first; i < first + taken; i++)
        {
            if ((_headers[i].Header.Flags & LibC.MessageTruncated) != 0)
                continue;
            ref var entry = ref entries[count++];
            entry.Token = token;
            entry.Error = 0;
            entry.Payload = _vectors[i].Start;
            entry.Length = (int)_headers[i].Length;
            entry.SegmentSize = entry.Length;
            entry.Name = (byte*)_headers[i].Header.Name;
            entry.TrafficClass = 0;
            entry.Dropped = 0;
            entry.Buffer = ReceivedDatagram.BatchBuffer;
            DatagramLoop.ReadControl(_headers[i].Header.Control, _headers[i].Header.ControlLength, ref entry);
        }

        return count;
    }

    public void Dispose()
    {
        NativeMemory.Free(_headers);
        NativeMemory.Free(_vectors);
        _buffers.Dispose();
    }
}
