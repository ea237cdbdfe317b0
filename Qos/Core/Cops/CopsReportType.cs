namespace MediaRelay.Qos.Cops;

/// <summary>Values of the COPS Report-Type object (RFC 2748 section 2.2.12).</summary>
internal enum CopsReportType : ushort
{
    None = 0,
    Success = 1,
    Failure = 2,
    Accounting = 3,
}
