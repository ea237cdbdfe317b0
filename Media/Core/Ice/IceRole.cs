namespace MediaRelay.Media.Ice;

/// <summary>Which agent nominates (RFC 8445 section 6.1.1).</summary>
public enum IceRole
{
    Controlled,
    Controlling,
}
