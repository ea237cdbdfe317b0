using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MediaRelay.Media.IO;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>A viewer without a browser: our media endpoint behind a WHEP request, as a player of another make would send it.</summary>
internal sealed class WhepViewer(MediaHost host, HttpClient http) : IAsyncDisposable
{
    private MediaEndpoint? _endpoint;
    private HttpResponseMessage? _events;

    /// <summary>Path of the session; null before the answer.</summary>
    public string? Location { get; private set; }

    /// <summary>Offers and takes the answer; false when the server refuses for now.</summary>
    public async Task<bool> StartAsync(string camera, CancellationToken cancellation)
    {
        JsonElement servers = await http.GetFromJsonAsync<JsonElement>("/whep/ice-servers", cancellation);
        _endpoint = host.CreateEndpoint(new MediaEndpointSettings
        {
            Publish = true,
            IceServers = [.. servers.GetProperty("iceServers").EnumerateArray().Select(s => new EndpointIceServer(s.GetProperty("urls").GetString()!, s.GetProperty("username").GetString(), s.GetProperty("credential").GetString()))],
        });
        string offer = await _endpoint.CreateOfferAsync(waitForCandidates: true, cancellation);
        using var content = new StringContent(offer, Encoding.UTF8, new MediaTypeHeaderValue("application/sdp"));
        using HttpResponseMessage answer = await http.PostAsync(new Uri($"/whep/home-1/{camera}?session={servers.GetProperty("session").GetString()}", UriKind.Relative), content, cancellation);
        if (!answer.IsSuccessStatusCode)
            return false;
        Location = answer.Headers.Location!.ToString();
        await _endpoint.SetAnswerAsync(await answer.Content.ReadAsStringAsync(cancellation), cancellation);
        return true;
    }

    public Task ConnectedAsync(TimeSpan bound) => _endpoint!.Connected.WaitAsync(bound);

    /// <summary>Opens the session's event stream, as a page does.</summary>
    public async Task OpenEventsAsync() => _events = await http.GetAsync(new Uri(Location + "/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);

    /// <summary>Drops the event stream, as a page that is closed does.</summary>
    public void DropEvents() => _events?.Dispose();

    public async Task HangUpAsync()
    {
        using HttpResponseMessage answer = await http.DeleteAsync(new Uri(Location!, UriKind.Relative));
    }

    public async ValueTask DisposeAsync()
    {
        _events?.Dispose();
        if (_endpoint is not null)
            await _endpoint.DisposeAsync();
    }
}
