using System.Runtime.InteropServices;

namespace MediaRelay.Turn.IO.Sockets;

/// <summary>
/// Receive buffers that io_uring takes by itself (a provided buffer ring) and the owner gives back. Pages are touched only when
/// a datagram needs them, so buffers for the longest train cost address space, not memory.
/// </summary>
internal sealed unsafe class BufferRing : IDisposable
{
    private const int HugePages = 14;

    /// <summary>Buffers for trains are a power of two apart and would begin in the same cache sets; a train of eight video datagrams fits between.</summary>
    private const uint TrainSpread = 9_600;
    private const uint SpreadFrom = 32_768;

    private readonly ProvidedBuffer* _ring;
    private readonly byte* _memory;
    private readonly nuint _ringBytes;
    private readonly nuint _memoryBytes;
    private readonly uint _stride;
    private readonly uint _size;
    private readonly ushort _mask;
    private ushort _tail;

    public BufferRing(int entries, int size)
    {
        Entries = entries;
        _mask = (ushort)(entries - 1);
        _size = (uint)size;

        // The odd number of cache lines keeps the headers of different buffers out of the same cache sets.
        _stride = ((uint)size + (size >= SpreadFrom ? TrainSpread : 0) + 191u) / 64u * 64u | 64u;
        _ringBytes = (nuint)entries * (nuint)sizeof(ProvidedBuffer);
        _memoryBytes = (nuint)entries * _stride;
        _ring = (ProvidedBuffer*)Map(_ringBytes);
        _memory = (byte*)Map(_memoryBytes);

        // Datagrams lie far apart here; large pages keep them within the reach of the TLB. Refusal changes nothing but speed.
        _ = LibC.Advise(_memory, _memoryBytes, HugePages);
        for (var id = 0; id < entries; id++)
            Give((ushort)id);
        Publish();
    }

    public int Entries { get; }

    /// <summary>Buffers taken by the kernel and not given back yet.</summary>
    public int Taken { get; set; }

    public void* Ring => _ring;

    public byte* this[int id] => _memory + ((nuint)id * _stride);

    public void Give(ushort id)
    {
        var entry = _ring + (_tail & _mask);
        entry->Address = this[id];
        entry->Length = _size;
        entry->Id = id;
        _tail++;
    }

    public void Publish() => Volatile.Write(ref _ring->Tail, _tail);

    public void Dispose()
    {
        _ = LibC.Unmap(_ring, _ringBytes);
        _ = LibC.Unmap(_memory, _memoryBytes);
    }

    private static void* Map(nuint bytes)
    {
        const int ReadWrite = 3;
        const int PrivateAnonymous = 0x22;
        var memory = LibC.Map(null, bytes, ReadWrite, PrivateAnonymous, -1, 0);
        return (nint)memory == -1 ? throw new InsufficientMemoryException($"mmap of {bytes} bytes failed with error {Marshal.GetLastPInvokeError()}.") : memory;
    }
}
