namespace MediaRelay.Server.Hosting;

/// <summary>Exit codes, from sysexits.h where it has one.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>The command ran and found a fault, e.g. a check that failed.</summary>
    public const int Failed = 1;

    public const int Usage = 64;

    /// <summary>A port is in use or a needed service does not answer.</summary>
    public const int Unavailable = 69;

    public const int NoPermission = 77;

    public const int Configuration = 78;
}
