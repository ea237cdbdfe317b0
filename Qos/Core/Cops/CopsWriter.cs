using System.Buffers.Binary;

namespace MediaRelay.Qos.Cops;

/// <summary>
/// Writes one COPS message into a caller's span. It never grows: when the span is too small, <see cref="TryFinish"/> returns false
/// and nothing of the message may be used.
/// </summary>
internal ref struct CopsWriter
{
    private readonly Span<byte> _span;
    private readonly CopsOpCode _code;
    private readonly bool _solicited;
    private int _at;
    private int _container;
    private bool _overflow;

    public CopsWriter(Span<byte> destination, CopsOpCode code, bool solicited = false)
    {
        _span = destination;
        _code = code;
        _solicited = solicited;
        _at = CopsHeader.Size;
        _overflow = destination.Length < CopsHeader.Size;
    }

    /// <summary>What was added since <see cref="BeginPayload"/>.</summary>
    public readonly ReadOnlySpan<byte> Payload => _overflow ? default : _span[(_container + 4).._at];

    /// <summary>Adds an object and returns its body to fill; an empty span of the wanted length never happens, a scratch overflow does.</summary>
    public Span<byte> AddObject(byte number, byte type, int bodyLength)
    {
        int length = 4 + bodyLength;
        int padded = (length + 3) & ~3;
        if (_overflow || length > ushort.MaxValue || _span.Length - _at < padded)
        {
            _overflow = true;
            return default;
        }
        Span<byte> whole = _span.Slice(_at, padded);
        BinaryPrimitives.WriteUInt16BigEndian(whole, (ushort)length);
        whole[2] = number;
        whole[3] = type;
        whole[length..].Clear();
        _at += padded;
        return whole.Slice(4, bodyLength);
    }

    public void AddUInt32(byte number, byte type, uint value)
    {
        Span<byte> body = AddObject(number, type, 4);
        if (!body.IsEmpty) BinaryPrimitives.WriteUInt32BigEndian(body, value);
    }

    public void AddPair(byte number, byte type, ushort first, ushort second) => AddUInt32(number, type, ((uint)first << 16) | second);

    public void AddBytes(byte number, byte type, scoped ReadOnlySpan<byte> body)
    {
        Span<byte> target = AddObject(number, type, body.Length);
        if (!target.IsEmpty) body.CopyTo(target);
    }

    /// <summary>Copies objects that already carry their headers and padding; the copy may be changed until the message is finished.</summary>
    public Span<byte> AddRaw(scoped ReadOnlySpan<byte> objects)
    {
        if (_overflow || _span.Length - _at < objects.Length)
        {
            _overflow = true;
            return default;
        }
        Span<byte> copy = _span.Slice(_at, objects.Length);
        objects.CopyTo(copy);
        _at += objects.Length;
        return copy;
    }

    /// <summary>The name of a PEP; its zero padding counts in the object's length (RFC 2748 section 2.2.11).</summary>
    public void AddPepId(scoped ReadOnlySpan<byte> name)
    {
        Span<byte> body = AddObject((byte)CopsClass.PepId, 1, (name.Length + 4) & ~3);
        if (body.IsEmpty) return;
        name.CopyTo(body);
        body[name.Length..].Clear();
    }

    /// <summary>Opens the object that holds the PCMM objects; everything until <see cref="TryFinish"/> goes into it.</summary>
    public void BeginPayload(CopsClass number, byte type)
    {
        _container = _at;
        AddObject((byte)number, type, 0);
    }

    /// <summary>Completes the lengths. False when the span was too small.</summary>
    public bool TryFinish(out int length)
    {
        length = 0;
        if (_overflow || _at > CopsHeader.MaxMessageLength) return false;
        if (_container != 0) BinaryPrimitives.WriteUInt16BigEndian(_span[_container..], (ushort)(_at - _container));
        ushort client = _code == CopsOpCode.KeepAlive ? (ushort)0 : CopsHeader.PcmmClientType;
        new CopsHeader(_code, _solicited, client, _at).Write(_span);
        length = _at;
        return true;
    }
}
