using System.Buffers.Binary;

namespace MediaRelay.Qos.Cops;

/// <summary>
/// The eight bytes in front of every COPS message (RFC 2748 section 2.1). A header is judged before any buffer is taken for
/// its message.
/// </summary>
/// <remarks><code>
///    0               1               2               3
///   +-------+-------+---------------+---------------+---------------+
///   |Version| Flags |    Op Code    |          Client-type          |
///   +-------+-------+---------------+---------------+---------------+
///   |                        Message Length                         |
///   +---------------------------------------------------------------+
/// </code></remarks>
internal readonly record struct CopsHeader(CopsOpCode OpCode, bool IsSolicited, ushort ClientType, int Length)
{
    public const int Size = 8;
    public const ushort PcmmClientType = 0x800A;
    public const int MaxMessageLength = 65536;
    private const byte VersionNibble = 0x10;
    private const byte SolicitedFlag = 0x01;

    /// <summary>Reads eight bytes. Fails with error 3 for version, operation code or length, and with error 6 for a foreign client type.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out CopsHeader header, out CopsFault fault)
    {
        header = default;
        fault = CopsFault.BadFormat;
        if (source.Length < Size || (source[0] & 0xF0) != VersionNibble) return false;
        byte code = source[1];
        if (code is < (byte)CopsOpCode.Request or > (byte)CopsOpCode.SynchronizeComplete) return false;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(source[4..]);
        if (length is < Size or > MaxMessageLength || (length & 3) != 0) return false;
        ushort client = BinaryPrimitives.ReadUInt16BigEndian(source[2..]);
        bool keepAlive = code == (byte)CopsOpCode.KeepAlive;
        if (keepAlive ? client != 0 : client != PcmmClientType)
        {
            fault = new CopsFault(CopsErrorCode.UnsupportedClientType);
            return false;
        }
        header = new CopsHeader((CopsOpCode)code, (source[0] & SolicitedFlag) != 0, client, (int)length);
        fault = default;
        return true;
    }

    public void Write(Span<byte> destination)
    {
        destination[0] = (byte)(VersionNibble | (IsSolicited ? SolicitedFlag : 0));
        destination[1] = (byte)OpCode;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], ClientType);
        BinaryPrimitives.WriteInt32BigEndian(destination[4..], Length);
    }
}
