using System.Buffers.Binary;

namespace MediaRelay.Stun;

/// <summary>
/// Writes one STUN message into the caller's span and keeps the header's length right after every attribute. It never grows
/// the span: when something does not fit, <see cref="IsOverflowed"/> becomes true, the attribute and everything after it is
/// dropped, and <see cref="Length"/> is 0, so that half a message is never sent. Order matters as on the wire: ordinary
/// attributes, MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256, FINGERPRINT.
/// </summary>
public ref partial struct StunWriter
{
    private readonly Span<byte> _buffer;
    private readonly TransactionId _id;
    private int _position;

    public StunWriter(Span<byte> buffer, StunMethod method, StunClass @class, TransactionId id)
    {
        _buffer = buffer;
        _id = id;
        if (buffer.Length < StunLimits.HeaderLength)
        {
            IsOverflowed = true;
            return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(buffer, StunMessage.TypeOf(method, @class));
        BinaryPrimitives.WriteUInt16BigEndian(buffer[2..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[4..], StunLimits.MagicCookie);
        id.WriteTo(buffer[8..]);
        _position = StunLimits.HeaderLength;
    }

    /// <summary>Something did not fit into the span.</summary>
    public bool IsOverflowed { get; private set; }

    /// <summary>Bytes of the message, or 0 when it did not fit.</summary>
    public readonly int Length => IsOverflowed ? 0 : _position;

    /// <summary>The message so far, empty when it did not fit.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer[..Length];

    /// <summary>Starts a success or error answer to a request, with its method and transaction id.</summary>
    public static StunWriter Reply(Span<byte> buffer, in StunMessage request, StunClass @class) =>
        new(buffer, request.Method, @class, request.TransactionId);

    /// <summary>True when the whole message fitted; <paramref name="length"/> is its size.</summary>
    public readonly bool TryFinish(out int length)
    {
        length = Length;
        return !IsOverflowed;
    }

    /// <summary>Adds an attribute with the value as it is.</summary>
    public void Add(StunAttributeType type, scoped ReadOnlySpan<byte> value)
    {
        if (TryReserve(type, value.Length, out var destination))
            value.CopyTo(destination);
    }

    /// <summary>
    /// Adds an attribute whose value the caller writes in place. Gives an empty span when it does not fit, so check
    /// <see cref="IsOverflowed"/> or the span's length.
    /// </summary>
    public Span<byte> AddInPlace(StunAttributeType type, int length) =>
        TryReserve(type, length, out var destination) ? destination : default;

    /// <summary>MESSAGE-INTEGRITY: HMAC-SHA1 over everything written so far (RFC 8489 section 14.5).</summary>
    /// <param name="mac">Kept hash contexts of the caller; null for a one-shot call.</param>
    public void AddIntegrity(scoped ReadOnlySpan<byte> key, IntegrityMac? mac = null)
    {
        var covered = _position;
        if (TryReserve(StunAttributeType.MessageIntegrity, MessageIntegrity.Sha1Length, out var value))
            MessageIntegrity.Hash(_buffer[..covered], key, value, sha256: false, mac);
    }

    /// <summary>MESSAGE-INTEGRITY-SHA256, full length (RFC 8489 section 14.6).</summary>
    /// <param name="mac">Kept hash contexts of the caller; null for a one-shot call.</param>
    public void AddIntegritySha256(scoped ReadOnlySpan<byte> key, IntegrityMac? mac = null)
    {
        var covered = _position;
        if (TryReserve(StunAttributeType.MessageIntegritySha256, MessageIntegrity.Sha256Length, out var value))
            MessageIntegrity.Hash(_buffer[..covered], key, value, sha256: true, mac);
    }

    /// <summary>MESSAGE-INTEGRITY-SHA256 when the key was made with SHA-256, else MESSAGE-INTEGRITY.</summary>
    public void AddIntegrity(scoped in LongTermKey key)
    {
        if (key.Algorithm == PasswordAlgorithm.Sha256)
            AddIntegritySha256(key.Bytes);
        else
            AddIntegrity(key.Bytes);
    }

    /// <summary>FINGERPRINT; nothing may follow it (RFC 8489 section 14.7).</summary>
    public void AddFingerprint()
    {
        var covered = _position;
        if (TryReserve(StunAttributeType.Fingerprint, Fingerprint.Length, out var value))
            BinaryPrimitives.WriteUInt32BigEndian(value, Fingerprint.Compute(_buffer[..covered]));
    }

    private bool TryReserve(StunAttributeType type, int length, out Span<byte> value)
    {
        var padded = (length + 3) & ~3;
        var next = _position + 4 + padded;
        if (IsOverflowed || length > ushort.MaxValue || next > _buffer.Length || next - StunLimits.HeaderLength > ushort.MaxValue)
        {
            IsOverflowed = true;
            value = default;
            return false;
        }

        BinaryPrimitives.WriteUInt16BigEndian(_buffer[_position..], (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[(_position + 2)..], (ushort)length);
        value = _buffer.Slice(_position + 4, length);
        _buffer.Slice(_position + 4 + length, padded - length).Clear();
        _position = next;
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[2..], (ushort)(next - StunLimits.HeaderLength));
        return true;
    }
}
