using System.Buffers.Binary;

namespace MediaRelay.Qos.Cops;

/// <summary>
/// A view over one whole COPS message. Reading checks the header, every object boundary, the order of RFC 2748 section 3 and the
/// mandatory objects once; the properties cannot fail afterwards. It allocates nothing and is valid as long as its bytes are.
/// </summary>
internal readonly ref struct CopsMessage
{
    private const int ObjectHeader = 4;

    public CopsHeader Header { get; private init; }

    /// <summary>The whole message.</summary>
    public ReadOnlySpan<byte> Bytes { get; private init; }

    /// <summary>The PEP's handle, opaque, empty when absent.</summary>
    public ReadOnlySpan<byte> Handle { get; private init; }

    /// <summary>PCMM objects: the body of the client-specific decision data or of the ClientSI object.</summary>
    public ReadOnlySpan<byte> Payload { get; private init; }

    /// <summary>The PEP's name without its padding.</summary>
    public ReadOnlySpan<byte> PepId { get; private init; }

    /// <summary>R-Type in the upper half, M-Type in the lower half.</summary>
    public uint Context { get; private init; }

    public ushort DecisionCommand { get; private init; }

    public CopsReportType ReportType { get; private init; }

    /// <summary>Longest silence in seconds that the PDP allows; 0 switches keep-alives off.</summary>
    public ushort KeepAliveSeconds { get; private init; }

    public CopsErrorCode Error { get; private init; }

    public ushort ErrorSubCode { get; private init; }

    public CopsReasonCode Reason { get; private init; }

    /// <summary>Reads a message that fills <paramref name="frame"/>; <paramref name="fault"/> is what a Client-Close should say.</summary>
    public static bool TryRead(ReadOnlySpan<byte> frame, out CopsMessage message, out CopsFault fault)
    {
        message = default;
        if (!CopsHeader.TryRead(frame, out CopsHeader header, out fault)) return false;
        fault = CopsFault.BadFormat;
        if (header.Length != frame.Length) return false;

        ReadOnlySpan<byte> handle = default, payload = default, pepId = default;
        uint context = 0, seen = 0;
        ushort command = 0, keepAlive = 0, errorSub = 0;
        CopsReportType report = 0;
        CopsErrorCode error = 0;
        CopsReasonCode reason = 0;
        int previousRank = 0;
        for (int at = CopsHeader.Size; at < frame.Length;)
        {
            if (frame.Length - at < ObjectHeader) return false;
            int length = BinaryPrimitives.ReadUInt16BigEndian(frame[at..]);
            int padded = (length + 3) & ~3;
            if (length < ObjectHeader || padded > frame.Length - at) return false;
            byte number = frame[at + 2], type = frame[at + 3];
            ReadOnlySpan<byte> body = frame.Slice(at + ObjectHeader, length - ObjectHeader);
            at += padded;
            if (number is 0 or > (byte)CopsClass.Integrity)
            {
                fault = new CopsFault(CopsErrorCode.UnknownObject, (ushort)((number << 8) | type));
                return false;
            }
            int rank = Rank((CopsClass)number, type);
            if (rank < previousRank) return false;
            previousRank = rank;
            bool isFixed = number is (byte)CopsClass.Context or (byte)CopsClass.Reason or (byte)CopsClass.Error
                or (byte)CopsClass.KeepAliveTimer or (byte)CopsClass.ReportType || (number == (byte)CopsClass.Decision && type == 1);
            if (isFixed && body.Length != 4) return false;
            switch ((CopsClass)number)
            {
                case CopsClass.Handle:
                    if (body.IsEmpty) { fault = new CopsFault(CopsErrorCode.BadHandle); return false; }
                    handle = body;
                    break;
                case CopsClass.Context: context = BinaryPrimitives.ReadUInt32BigEndian(body); break;
                case CopsClass.Reason: reason = (CopsReasonCode)BinaryPrimitives.ReadUInt16BigEndian(body); break;
                case CopsClass.Decision when type == 1: command = BinaryPrimitives.ReadUInt16BigEndian(body); break;
                case CopsClass.Decision when type == 4: payload = body; break;
                case CopsClass.Decision: break;
                case CopsClass.Error:
                    error = (CopsErrorCode)BinaryPrimitives.ReadUInt16BigEndian(body);
                    errorSub = BinaryPrimitives.ReadUInt16BigEndian(body[2..]);
                    break;
                case CopsClass.ClientSpecific: payload = body; break;
                case CopsClass.KeepAliveTimer: keepAlive = BinaryPrimitives.ReadUInt16BigEndian(body[2..]); break;
                case CopsClass.PepId: pepId = body.TrimEnd((byte)0); break;
                case CopsClass.ReportType: report = (CopsReportType)BinaryPrimitives.ReadUInt16BigEndian(body); break;
                default: break; // Interfaces, redirection, accounting timer and integrity are legal and not used by PCMM.
            }
            seen |= 1u << (number == (byte)CopsClass.Decision && type == 4 ? 31 : number);
        }
        uint missing = Mandatory(header.OpCode) & ~seen;
        if (missing != 0)
        {
            int first = System.Numerics.BitOperations.TrailingZeroCount(missing);
            fault = new CopsFault(CopsErrorCode.MandatoryObjectMissing, (ushort)((first << 8) | 1));
            return false;
        }
        fault = default;
        message = new CopsMessage
        {
            Header = header, Bytes = frame, Handle = handle, Payload = payload, PepId = pepId, Context = context, DecisionCommand = command,
            ReportType = report, KeepAliveSeconds = keepAlive, Error = error, ErrorSubCode = errorSub, Reason = reason,
        };
        return true;
    }

    /// <summary>The place of a class in the order that RFC 2748 section 3 gives to the messages PCMM uses.</summary>
    private static int Rank(CopsClass number, byte type) => number switch
    {
        CopsClass.Handle or CopsClass.PepId or CopsClass.KeepAliveTimer => 1,
        CopsClass.Context or CopsClass.ReportType or CopsClass.Reason or CopsClass.Error or CopsClass.AccountingTimer => 2,
        CopsClass.InInterface => 3,
        CopsClass.OutInterface => 4,
        CopsClass.Decision when type == 1 => 5,
        CopsClass.Decision => 6,
        CopsClass.ClientSpecific => 7,
        CopsClass.LocalDecision or CopsClass.PdpRedirectAddress or CopsClass.LastPdpAddress => 8,
        _ => 9,
    };

    private static uint Mandatory(CopsOpCode code) => code switch
    {
        CopsOpCode.Request => Bit(CopsClass.Handle) | Bit(CopsClass.Context),
        CopsOpCode.Decision => Bit(CopsClass.Handle) | Bit(CopsClass.Context) | Bit(CopsClass.Decision),
        CopsOpCode.ReportState => Bit(CopsClass.Handle) | Bit(CopsClass.ReportType),
        CopsOpCode.DeleteRequestState => Bit(CopsClass.Handle) | Bit(CopsClass.Reason),
        CopsOpCode.ClientOpen => Bit(CopsClass.PepId),
        CopsOpCode.ClientAccept => Bit(CopsClass.KeepAliveTimer),
        CopsOpCode.ClientClose => Bit(CopsClass.Error),
        _ => 0,
    };

    private static uint Bit(CopsClass number) => 1u << (byte)number;
}
