using System.Globalization;

namespace MediaRelay.Server.CoturnImport;

/// <summary>An option of turnserver.conf that is not carried over as it stands, and why.</summary>
internal sealed record CoturnRemark(int Line, string Option, string Words)
{
    public override string ToString() => Line == 0
        ? $"{Option}: {Words}"
        : string.Create(CultureInfo.InvariantCulture, $"line {Line}, {Option}: {Words}");
}
