namespace MediaRelay.Media.Sdp;

/// <summary>Why a description was refused.</summary>
/// <param name="Line">Number of the line, from 1; 0 when the whole text is meant.</param>
/// <param name="Reason">One clause in plain words, without text of the peer.</param>
public readonly record struct SdpError(int Line, string Reason)
{
    public override string ToString() => Line == 0 ? Reason : $"line {Line}: {Reason}";
}
