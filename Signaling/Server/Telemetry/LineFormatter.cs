using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace MediaRelay.Server.Telemetry;

/// <summary>
/// One record = one line: time (UTC), level, category, event id, event name, sentence, and the exception folded into the same line:
/// its reasons from the outermost to the innermost, with stack only from Error on, where somebody looks for our bug.
/// Control and bidirectional characters in values are escaped, so no value can forge a line.
/// </summary>
internal sealed class LineFormatter() : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "line";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var line = new StringBuilder(200);
        line.Append(TimeProvider.System.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        line.Append(' ').Append(Level(logEntry.LogLevel)).Append(' ').Append(Category(logEntry.Category));
        if (logEntry.EventId.Id != 0)
        {
            line.Append(' ').Append(logEntry.EventId.Id).Append(' ').Append(logEntry.EventId.Name);
        }

        line.Append(": ");
        Escape(line, logEntry.Formatter(logEntry.State, logEntry.Exception));
        if (logEntry.Exception is { } exception)
        {
            line.Append(" | ");
            Escape(line, logEntry.LogLevel >= LogLevel.Error ? exception.ToString() : Reasons(exception));
        }

        textWriter.Write(line.Append('\n'));
    }

    internal static void Escape(StringBuilder line, string? text)
    {
        foreach (var c in text ?? "")
        {
            var category = char.GetUnicodeCategory(c);
            if (c is '\n')
            {
                line.Append("\\n");
            }
            else if (char.IsControl(c) || category is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            {
                line.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            }
            else
            {
                line.Append(c);
            }
        }
    }

    private static string Reasons(Exception exception)
    {
        var reasons = new List<string>();
        for (var at = exception; at is not null && reasons.Count < 8; at = at.InnerException)
        {
            // Wrappers often repeat what they wrap.
            if (!reasons.Contains(at.Message))
            {
                reasons.Add(at.Message);
            }
        }

        return string.Join(" <- ", reasons);
    }

    private static string Level(LogLevel level) => level switch
    {
        LogLevel.Trace => "TRC",
        LogLevel.Debug => "DBG",
        LogLevel.Information => "INF",
        LogLevel.Warning => "WRN",
        LogLevel.Error => "ERR",
        _ => "CRT",
    };

    private static string Category(string category) =>
        category.StartsWith("MediaRelay.", StringComparison.Ordinal) ? category["MediaRelay.".Length..] : category;
}
