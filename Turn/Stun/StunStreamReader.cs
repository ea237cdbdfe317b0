namespace MediaRelay.Stun;

/// <summary>
/// Collects the bytes of one TCP or TLS connection and gives them back message by message. Read into <see cref="Free"/>, call
/// <see cref="Advance"/>, then <see cref="TryRead"/> until it is false. One owner; no allocation after construction.
/// </summary>
public sealed class StunStreamReader(int maxMessage = StunLimits.MaxStreamMessage)
{
    // Room for one message of the largest size behind an incomplete one.
    private readonly byte[] _buffer = new byte[2 * ((maxMessage + 3) & ~3)];
    private int _start;
    private int _end;

    /// <summary>The stream carries something else or a message above the limit; close the connection.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Bytes received but not yet given out.</summary>
    public int Pending => _end - _start;

    /// <summary>Where the next received bytes go; never empty after <see cref="TryRead"/> has returned false.</summary>
    public Memory<byte> Free
    {
        get
        {
            if (_start > 0)
            {
                _buffer.AsSpan(_start, Pending).CopyTo(_buffer);
                _end -= _start;
                _start = 0;
            }

            return _buffer.AsMemory(_end);
        }
    }

    public void Advance(int received)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(received, _buffer.Length - _end);
        _end += received;
    }

    /// <summary>The next whole message without padding, valid until <see cref="Free"/> is read again.</summary>
    public bool TryRead(out StunFrameKind kind, out Memory<byte> message)
    {
        message = default;
        kind = StunFrameKind.Malformed;
        if (IsBroken)
            return false;
        kind = StunFraming.Peek(_buffer.AsSpan(_start, Pending), maxMessage, out var length, out var consumed);
        IsBroken = kind == StunFrameKind.Malformed;
        if (kind is StunFrameKind.Incomplete or StunFrameKind.Malformed)
            return false;
        message = _buffer.AsMemory(_start, length);
        _start += consumed;
        return true;
    }
}
