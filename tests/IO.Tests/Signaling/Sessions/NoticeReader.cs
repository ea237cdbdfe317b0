namespace MediaRelay.IO.Tests.Signaling.Sessions;

/// <summary>Reads a stream of notices (Server-Sent Events) line by line, as a page does.</summary>
internal sealed class NoticeReader : IDisposable
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(10);
    private readonly StreamReader _reader;

    private NoticeReader(Stream stream) => _reader = new StreamReader(stream);

    public static async Task<NoticeReader> OpenAsync(HttpClient client, string path) => new(await client.GetStreamAsync(new Uri(path, UriKind.Relative)).WaitAsync(s_bound));

    /// <summary>The next line that has all the words; empty when the stream ends before.</summary>
    public async Task<string> NextAsync(params string[] words)
    {
        using var limit = new CancellationTokenSource(s_bound);
        while (await _reader.ReadLineAsync(limit.Token) is { } line)
        {
            if (words.All(w => line.Contains(w, StringComparison.Ordinal)))
                return line;
        }

        return "";
    }

    /// <summary>Everything up to the line that has the word.</summary>
    public async Task<string> AllUntilAsync(string word)
    {
        using var limit = new CancellationTokenSource(s_bound);
        var all = new System.Text.StringBuilder();
        while (await _reader.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.Contains(word, StringComparison.Ordinal))
                return all.ToString();
            all.AppendLine(line);
        }

        throw new InvalidOperationException($"The stream ended without \"{word}\": {all}");
    }

    /// <summary>Reads to the end of the stream.</summary>
    public async Task EndAsync() => await _reader.ReadToEndAsync().WaitAsync(s_bound);

    public void Dispose() => _reader.Dispose();
}
