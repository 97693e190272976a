namespace Staithe.Tests.Browsing;

/// <summary>Who looks at a page.</summary>
public enum Viewer
{
    /// <summary>Nobody that is known.</summary>
    Nobody,

    /// <summary>An admin who is signed in.</summary>
    Admin,

    /// <summary>Whoever has just started a registry that has no accounts.</summary>
    Starter,
}

/// <summary>The pages that are looked at: each is one line.</summary>
internal static class SeenPages
{
    /// <summary>What it is called, who looks at it, where it is, and the status that it has. A name in braces is filled in by <see cref="ShownRegistry"/>.</summary>
    static readonly (string Name, Viewer Who, string Path, int Status)[] Table =
    [
        ("home", Viewer.Nobody, "/", 200),
        ("home, signed in", Viewer.Admin, "/", 200),
        ("search", Viewer.Nobody, "/search?q=web", 200),
        ("search, everything", Viewer.Admin, "/search", 200),
        ("search, nothing", Viewer.Nobody, "/search?q=nothingiscalledso", 200),
        ("space", Viewer.Nobody, "/spaces/team", 200),
        ("space, own", Viewer.Admin, "/spaces/root", 200),
        ("repository", Viewer.Nobody, "/r/team/web", 200),
        ("repository, signed in", Viewer.Admin, "/r/team/web", 200),
        ("repository, tags", Viewer.Nobody, "/r/team/web?view=tags", 200),
        ("repository, tags, signed in", Viewer.Admin, "/r/team/web?view=tags", 200),
        ("repository, manifests", Viewer.Nobody, "/r/team/web?view=manifests", 200),
        ("repository, manifests, signed in", Viewer.Admin, "/r/team/web?view=manifests", 200),
        ("repository, delete a tag", Viewer.Admin, "/r/team/web?ask=tag.delete&tag=1.1", 200),
        ("repository, history", Viewer.Nobody, "/r/team/web?view=history", 200),
        ("repository of a chart", Viewer.Nobody, "/r/team/chart", 200),
        ("image", Viewer.Nobody, "/r/team/web:1.1", 200),
        ("image by digest", Viewer.Nobody, "/r/team/web@{digest}", 200),
        ("image, run", Viewer.Nobody, "/r/team/web:1.1?view=run", 200),
        ("image, build file", Viewer.Nobody, "/r/team/web:1.1?view=build", 200),
        ("image, files", Viewer.Nobody, "/r/team/web:1.1?view=files", 200),
        ("image, packages", Viewer.Nobody, "/r/team/web:1.1?view=packages", 200),
        ("image, attached", Viewer.Nobody, "/r/team/web:1.1?view=attached", 200),
        ("image, manifest", Viewer.Nobody, "/r/team/web:1.1?view=raw", 200),
        ("image for several platforms", Viewer.Nobody, "/r/team/base:several", 200),
        ("image for several platforms, run", Viewer.Nobody, "/r/team/base:several?view=run", 200),
        ("repository with several platforms", Viewer.Nobody, "/r/team/base?view=tags", 200),
        ("repository of a long name", Viewer.Nobody, "/r/{long}", 200),
        ("repository of a long name, tags", Viewer.Nobody, "/r/{long}?view=tags", 200),
        ("repository of a long name, history", Viewer.Nobody, "/r/{long}?view=history", 200),
        ("image of a long name", Viewer.Nobody, "/r/{long}:{longtag}", 200),
        ("image of a long name, run", Viewer.Nobody, "/r/{long}:{longtag}?view=run", 200),
        ("image of a long name, build file", Viewer.Nobody, "/r/{long}:{longtag}?view=build", 200),
        ("image of a long name, files", Viewer.Nobody, "/r/{long}:{longtag}?view=files", 200),
        ("settings of a long name", Viewer.Admin, "/settings/{long}?view=grants", 200),
        ("chart", Viewer.Nobody, "/r/team/chart:1.2.0", 200),
        ("directory", Viewer.Nobody, "/f/team/web:1.1/usr/bin/", 200),
        ("directory of a layer", Viewer.Nobody, "/f/team/web:1.1/usr/bin/?layer=2", 200),
        ("no such file", Viewer.Nobody, "/f/team/web:1.1/nothing", 404),
        ("difference", Viewer.Nobody, "/diff?from=team/web:1.0&to=team/web:1.1", 200),
        ("difference, packages", Viewer.Nobody, "/diff?from=team/web:1.0&to=team/web:1.1&view=packages", 200),
        ("difference, files", Viewer.Nobody, "/diff?from=team/web:1.0&to=team/web:1.1&view=files", 200),
        ("difference, to ask for", Viewer.Nobody, "/diff", 200),
        ("sign in", Viewer.Nobody, "/login", 200),
        ("set up", Viewer.Starter, "{setup}", 200),
        ("share link", Viewer.Nobody, "{share}", 200),
        ("invitation", Viewer.Nobody, "{invite}", 200),
        ("invitation, signed in", Viewer.Admin, "{invite}", 200),
        ("yours", Viewer.Admin, "/yours", 200),
        ("settings, tokens", Viewer.Admin, "/settings", 200),
        ("settings, password", Viewer.Admin, "/settings?view=password", 200),
        ("settings, browsers", Viewer.Admin, "/settings?view=sessions", 200),
        ("settings, a browser to end", Viewer.Admin, "/settings?view=sessions&ask=session.end-others", 200),
        ("settings, spaces", Viewer.Admin, "/settings?view=spaces", 200),
        ("settings of a space", Viewer.Admin, "/settings/team", 200),
        ("settings of a space, teams", Viewer.Admin, "/settings/team?view=teams", 200),
        ("settings of a space, rights", Viewer.Admin, "/settings/team?view=grants", 200),
        ("settings of a space, what is new", Viewer.Admin, "/settings/team?view=new", 200),
        ("settings of a space, robots", Viewer.Admin, "/settings/team?view=robots", 200),
        ("settings of a space, share links", Viewer.Admin, "/settings/team?view=links", 200),
        ("settings of a space, invitations", Viewer.Admin, "/settings/team?view=invitations", 200),
        ("settings of a space, audit", Viewer.Admin, "/settings/team?view=audit", 200),
        ("settings of a space, owner", Viewer.Admin, "/settings/team?view=owner", 200),
        ("settings of a space, team", Viewer.Admin, "/settings/team?view=teams&team=owners", 200),
        ("settings of a space, to take out", Viewer.Admin, "/settings/team?view=teams&team=crew&ask=team.member.remove&user=alice", 200),
        ("settings of a space, team by groups", Viewer.Admin, "/settings/team?view=teams&team=crew", 200),
        ("settings of a space, who may what", Viewer.Admin, "/settings/team?view=access", 200),
        ("settings of a space, parts", Viewer.Admin, "/settings/team?view=parts", 200),
        ("settings of a part", Viewer.Admin, "/settings/team/base/", 200),
        ("settings of a part, to change", Viewer.Admin, "/settings/team/base/?view=grants&change={grant}", 200),
        ("settings of a part, who may what", Viewer.Admin, "/settings/team/base/?view=access&kind=user&who=alice", 200),
        ("settings of a part, what is new", Viewer.Admin, "/settings/team/base/?view=new", 200),
        ("settings of a part, share links", Viewer.Admin, "/settings/team/base/?view=links", 200),
        ("settings of a part, invitations", Viewer.Admin, "/settings/team/base/?view=invitations", 200),
        ("settings of a repository", Viewer.Admin, "/settings/team/web", 200),
        ("settings of a repository, rights", Viewer.Admin, "/settings/team/web?view=grants", 200),
        ("settings of a repository, who may what", Viewer.Admin, "/settings/team/web?view=access", 200),
        ("settings of a repository, name", Viewer.Admin, "/settings/team/web?view=move", 200),
        ("admin, people", Viewer.Admin, "/admin", 200),
        ("admin, spaces", Viewer.Admin, "/admin?view=spaces", 200),
        ("admin, storage", Viewer.Admin, "/admin?view=storage", 200),
        ("admin, jobs", Viewer.Admin, "/admin?view=jobs", 200),
        ("admin, audit", Viewer.Admin, "/admin?view=audit", 200),
        ("not here", Viewer.Nobody, "/nothing", 404),
        ("no such repository", Viewer.Admin, "/r/team/nothing", 404),
        ("a form that is none", Viewer.Nobody, "/diff?from=team/web:1.0&to=-", 400),
    ];

    public static TheoryData<string, Viewer, string, int> All => [.. Table];
}
