namespace MediaRelay.Media.Ice;

/// <summary>Full agents send checks; lite agents only answer them (RFC 8445 section 2.5).</summary>
public enum IceMode
{
    Full,
    Lite,
}
