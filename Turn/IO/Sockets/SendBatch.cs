using System.Runtime.InteropServices;
using MediaRelay.Stun;

namespace MediaRelay.Turn.IO.Sockets;

/// <summary>
/// Datagrams waiting to be sent. Those of one flow (same socket, destination and traffic class) that are equally long join into
/// one message with UDP_SEGMENT, also when datagrams of other flows lie between them; the order inside a flow is kept.
/// </summary>
internal sealed unsafe class SendBatch : IDisposable
{
    public const int Capacity = 1024;
    public const int PrefixCapacity = 64;

    private const int MaxSegments = 64;
    private const int MaxJoined = 60_000;
    private const int RecentSlots = 256;

    /// <summary>Trains below both are cheaper as single datagrams: where the device cannot cut them, cutting costs more than a send.</summary>
    private const int ShortTrain = 4;
    private const int SmallSegment = 500;
    private const int ControlStride = 64;

    private readonly Message* _messages = (Message*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(Message));
    private readonly Segment* _segments = (Segment*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(Segment));
    private readonly IoVector* _vectors = (IoVector*)NativeMemory.AllocZeroed(Capacity * 2, (nuint)sizeof(IoVector));
    private readonly MultiMessageHeader* _headers = (MultiMessageHeader*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(MultiMessageHeader));
    private readonly SocketName* _names = (SocketName*)NativeMemory.AllocZeroed(Capacity, SocketName.Capacity);
    private readonly byte* _controls = (byte*)NativeMemory.AllocZeroed(Capacity, ControlStride);
    private readonly byte* _prefixes = (byte*)NativeMemory.AllocZeroed(Capacity, PrefixCapacity);
    private readonly Recent* _recent = (Recent*)NativeMemory.AllocZeroed(RecentSlots, (nuint)sizeof(Recent));
    private int _segmentCount;
    private int _vectorCount;
    private uint _generation = 1;

    /// <summary>Whether equal datagrams are joined; switched off for good when the kernel or the device refuses.</summary>
    public bool Segmentation { get; set; } = true;

    public int Count { get; private set; }

    public bool TryAdd(int descriptor, TransportAddress to, byte* data, int length, byte trafficClass)
    {
        if (_segmentCount == Capacity)
            return false;
        var segment = _segments + _segmentCount;
        segment->Data = data;
        segment->Length = length;
        segment->PrefixLength = 0;
        Attach(descriptor, to, length, trafficClass);
        return true;
    }

    public bool TryAdd(int descriptor, TransportAddress to, ReadOnlySpan<byte> prefix, byte* data, int length, byte trafficClass)
    {
        if (_segmentCount == Capacity)
            return false;
        var segment = _segments + _segmentCount;
        prefix.CopyTo(new Span<byte>(_prefixes + (_segmentCount * PrefixCapacity), PrefixCapacity));
        segment->Data = data;
        segment->Length = length;
        segment->PrefixLength = prefix.Length;
        Attach(descriptor, to, prefix.Length + length, trafficClass);
        return true;
    }

    public int DescriptorOf(int index) => _messages[index].Descriptor;

    public int SegmentsOf(int index) => _messages[index].Segments;

    /// <summary>
    /// True when the message goes as plain sends with an address: one datagram, or a few small ones, in one piece each and without control
    /// data. Walk them with <see cref="FirstOf"/>, <see cref="NextOf"/> and <see cref="Plain"/>.
    /// </summary>
    public bool IsPlain(int index, out SocketName* name, out uint nameLength)
    {
        var message = _messages + index;
        name = _names + index;
        nameLength = 0;
        if (message->TrafficClass != 0 || (message->Segments > 1 && (message->Segments >= ShortTrain || message->SegmentSize >= SmallSegment)))
            return false;
        for (var at = message->First; at >= 0; at = _segments[at].Next)
        {
            if (_segments[at].PrefixLength != 0)
                return false;
        }

        nameLength = SocketName.Write(name, message->To);
        return true;
    }

    public int FirstOf(int index) => _messages[index].First;

    /// <summary>The datagram behind this one in its message, or -1.</summary>
    public int NextOf(int segment) => _segments[segment].Next;

    public byte* Plain(int segment, out int length)
    {
        length = _segments[segment].Length;
        return _segments[segment].Data;
    }

    /// <summary>Lays a message out for sendmsg or sendmmsg.</summary>
    public MultiMessageHeader* Prepare(int index)
    {
        var message = _messages + index;
        var header = _headers + index;
        var name = _names + index;
        header->Header.NameLength = SocketName.Write(name, message->To);
        header->Header.Name = name;
        header->Header.Vectors = _vectors + _vectorCount;
        for (var at = message->First; at >= 0; at = _segments[at].Next)
        {
            var segment = _segments + at;
            if (segment->PrefixLength > 0)
                _vectors[_vectorCount++] = new IoVector { Start = _prefixes + (at * PrefixCapacity), Length = (nuint)segment->PrefixLength };
            _vectors[_vectorCount++] = new IoVector { Start = segment->Data, Length = (nuint)segment->Length };
        }

        header->Header.VectorCount = (nuint)(_vectors + _vectorCount - header->Header.Vectors);
        var control = _controls + (index * ControlStride);
        var length = message->Segments > 1 ? WriteControl(control, LibC.SolUdp, LibC.UdpSegment, message->SegmentSize, 2) : 0;
        if (message->TrafficClass != 0)
        {
            length += message->To.IsV4
                ? WriteControl(control + length, LibC.SolIp, LibC.IpTos, message->TrafficClass, 4)
                : WriteControl(control + length, LibC.SolIpv6, LibC.Ipv6TrafficClass, message->TrafficClass, 4);
        }

        header->Header.Control = length == 0 ? null : control;
        header->Header.ControlLength = (nuint)length;
        header->Header.Flags = 0;
        return header;
    }

    /// <summary>Lays one datagram of a plain message (see <see cref="IsPlain"/>) out for sendmmsg.</summary>
    public void PrepareAlone(int segment, MultiMessageHeader* target)
    {
        var name = _names + _segments[segment].Message;
        var vector = _vectors + _vectorCount++;
        *vector = new IoVector { Start = _segments[segment].Data, Length = (nuint)_segments[segment].Length };
        target->Header = new MessageHeader
        {
            Name = name,
            NameLength = SocketName.Write(name, _messages[_segments[segment].Message].To),
            Vectors = vector,
            VectorCount = 1,
        };
    }

    /// <summary>Sends the datagrams of a message one at a time and returns how many failed.</summary>
    public int SendOneByOne(int index) => SendAlone(index, _messages[index].First, all: true);

    /// <summary>Sends one datagram of a message again; returns 1 when it failed.</summary>
    public int SendAgain(int segment) => SendAlone(_segments[segment].Message, segment, all: false);

    private int SendAlone(int index, int first, bool all)
    {
        var message = _messages + index;
        var vectors = stackalloc IoVector[2];
        var control = stackalloc byte[24];
        var header = new MessageHeader { Name = _names + index, NameLength = SocketName.Write(_names + index, message->To), Vectors = vectors };
        if (message->TrafficClass != 0)
        {
            header.Control = control;
            header.ControlLength = (nuint)(message->To.IsV4
                ? WriteControl(control, LibC.SolIp, LibC.IpTos, message->TrafficClass, 4)
                : WriteControl(control, LibC.SolIpv6, LibC.Ipv6TrafficClass, message->TrafficClass, 4));
        }

        var failed = 0;
        for (var at = first; at >= 0; at = all ? _segments[at].Next : -1)
        {
            var segment = _segments + at;
            vectors[0] = new IoVector { Start = _prefixes + (at * PrefixCapacity), Length = (nuint)segment->PrefixLength };
            vectors[1] = new IoVector { Start = segment->Data, Length = (nuint)segment->Length };
            header.VectorCount = 2;
            if (LibC.SendMessage(message->Descriptor, &header, LibC.MessageDontWait | LibC.MessageNoSignal) < 0)
                failed++;
        }

        return failed;
    }

    public void Clear()
    {
        Count = 0;
        _segmentCount = 0;
        _vectorCount = 0;
        _generation++;
    }

    public void Dispose()
    {
        NativeMemory.Free(_messages);
        NativeMemory.Free(_segments);
        NativeMemory.Free(_vectors);
        NativeMemory.Free(_headers);
        NativeMemory.Free(_names);
        NativeMemory.Free(_controls);
        NativeMemory.Free(_prefixes);
        NativeMemory.Free(_recent);
    }

    private static int WriteControl(byte* at, int level, int type, int value, int size)
    {
        var header = (ControlHeader*)at;
        header->Length = (nuint)(16 + size);
        header->Level = level;
        header->Type = type;
        *(ulong*)(at + 16) = (uint)value;
        return 24;
    }

    private void Attach(int descriptor, TransportAddress to, int length, byte trafficClass)
    {
        var at = _segmentCount++;
        var segment = _segments + at;
        segment->Next = -1;
        var slot = _recent + (Hash(descriptor, to) % RecentSlots);
        if (slot->Generation == _generation && Segmentation)
        {
            var open = _messages + slot->Message;
            if (open->Descriptor == descriptor && open->TrafficClass == trafficClass && open->To == to
                && open->IsOpen && length <= open->SegmentSize && open->Segments < MaxSegments && open->Total + length <= MaxJoined)
            {
                segment->Message = slot->Message;
                _segments[open->Last].Next = at;
                open->Last = at;
                open->Segments++;
                open->Total += length;
                open->IsOpen = length == open->SegmentSize;
                return;
            }
        }

        slot->Generation = _generation;
        slot->Message = Count;
        segment->Message = Count;
        var message = _messages + Count++;
        message->Descriptor = descriptor;
        message->To = to;
        message->TrafficClass = trafficClass;
        message->First = at;
        message->Last = at;
        message->Segments = 1;
        message->SegmentSize = length;
        message->Total = length;
        message->IsOpen = length > 0;
    }

    private static uint Hash(int descriptor, TransportAddress to)
    {
        var bits = to.Bits;
        var mixed = ((ulong)bits ^ (ulong)(bits >> 64) ^ ((ulong)to.Port << 40) ^ (uint)descriptor) * 0x9E3779B97F4A7C15UL;
        return (uint)(mixed >> 40);
    }

    private struct Message
    {
        public TransportAddress To;
        public int Descriptor;
        public int First;
        public int Last;
        public int Segments;
        public int SegmentSize;
        public int Total;
        public byte TrafficClass;
        public bool IsOpen;
    }

    private struct Segment
    {
        public byte* Data;
        public int Length;
        public int PrefixLength;
        public int Next;
        public int Message;
    }

    private struct Recent
    {
        public uint Generation;
        public int Message;
    }
}
