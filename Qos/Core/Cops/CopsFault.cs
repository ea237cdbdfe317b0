namespace MediaRelay.Qos.Cops;

/// <summary>Why a frame was refused: the COPS error that goes into the Client-Close, and its sub-code.</summary>
internal readonly record struct CopsFault(CopsErrorCode Code, ushort SubCode = 0)
{
    public static readonly CopsFault BadFormat = new(CopsErrorCode.BadMessageFormat);

    public bool IsNone => Code == CopsErrorCode.None;
}
