using System.Security.Cryptography.X509Certificates;

namespace MediaRelay.Tls;

/// <summary>
/// Keeps a listener's certificate current: reads it again when one of its files changes, keeps the old one while the new one cannot
/// be used, and warns 30, 7 and 1 days before the end. The owner says what reading means and writes the log.
/// </summary>
public sealed class CertificateWatch : IDisposable
{
    private static readonly int[] s_warningDays = [1, 7, 30];

    private readonly WatchedFiles _files;
    private readonly Func<X509Certificate2> _read;
    private readonly CertificateLog _log;
    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private readonly Lock _looking = new();
    private X509Certificate2 _leaf = null!;
    private int _warned = int.MaxValue;

    /// <summary>Reads for the first time; what <paramref name="read"/> throws goes to the caller.</summary>
    /// <param name="files">Certificate, key, and what else belongs to them.</param>
    /// <param name="read">Takes the files over as a whole and gives the certificate, or throws and leaves the old one.</param>
    /// <param name="log">Where it is told.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="period">Time between two looks.</param>
    public CertificateWatch(IReadOnlyList<string> files, Func<X509Certificate2> read, CertificateLog log, TimeProvider clock, TimeSpan period)
    {
        (_files, _read, _log, _clock) = (new WatchedFiles(files), read, log, clock);
        _files.Take(() => _leaf = read());
        WarnOfEnd();
        _timer = clock.CreateTimer(_ => Look(), null, period, period);
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        // A look that takes longer than the period is not joined by a second one.
        if (!_looking.TryEnter())
            return;
        try
        {
            if (_files.Look(() => _leaf = _read(), _log.Refused))
            {
                _warned = int.MaxValue;
                _log.Taken(_leaf);
            }

            WarnOfEnd();
        }
        finally
        {
            _looking.Exit();
        }
    }

    private void WarnOfEnd()
    {
        DateTime end = _leaf.NotAfter.ToUniversalTime();
        double left = (end - _clock.GetUtcNow()).TotalDays;
        foreach (int days in s_warningDays)
        {
            if (left > days || days >= _warned)
                continue;
            _warned = days;
            _log.Ends(end);
            return;
        }
    }
}

/// <summary>What a <see cref="CertificateWatch"/> has to tell.</summary>
/// <param name="Taken">A changed certificate is in use from now on.</param>
/// <param name="Refused">A changed certificate cannot be used, for this reason.</param>
/// <param name="Ends">The certificate in use ends then (UTC); told 30, 7 and 1 days before, and when it is taken that late.</param>
public sealed record CertificateLog(Action<X509Certificate2> Taken, Action<string> Refused, Action<DateTime> Ends);
