using Staithe.Accounts;
using Staithe.Managing;
using Staithe.Search;
using Staithe.Sharing;
using Staithe.Transport;
using static Staithe.Api.Operation;

namespace Staithe.Api;

/// <summary>Every operation of the API, one entry each. The router and the OpenAPI document are made from this.</summary>
internal sealed class OperationTable
{
    /// <summary>Where the document is.</summary>
    public const string DocumentPath = "/openapi.json";

    public OperationTable(ApiHandlers handlers)
    {
        var document = new Lazy<byte[]>(() => OpenApiDocument.Create(Operations!));
        QueryParameter name = new("name", "The repository, such as team/app.", IsRequired: true);
        QueryParameter image = new("image", "The image, such as team/app:1 or team/app@sha256:….", IsRequired: true);
        QueryParameter kindOfWork = new("kind", "The kind of work, one of the queues of getJobs.", IsRequired: true);
        QueryParameter platform = new("platform", "Of an image for several platforms, which: such as linux/arm64. Unless told, linux/amd64, or the first there is.");
        QueryParameter[] watched = [new("repository", "A repository, such as team/app."), new("space", "Or a space."), new("search", "Or what to search for, as for /search.")];
        Operations =
        [
            new Operation("GET", DocumentPath, "getOpenApi", "This document.", null, typeof(object), StatusCodes.Status200OK, async (call, _) =>
            {
                await WholeBody.SendAsync(call.Http, ApiJson.ContentType, document.Value);
                return null;
            }) { IsPublic = true },

            Get(
                "/search",
                "search",
                "The repositories that one may pull from and that match; without q, all of them, the newest first.",
                handlers.Search.RunAsync) with
            {
                IsOfContent = true,
                Query =
                [
                    new QueryParameter("q", $"Words, and field:value for {string.Join(", ", SearchQuery.Fields.Select(field => field.Field))}; * at the end of a value for what begins so, - before a field for what must not be."),
                    new QueryParameter("sort", "best or updated.") { Values = ["best", "updated"] },
                    new QueryParameter("after", "Begin behind this entry: next of the page before."),
                    new QueryParameter("limit", "The most entries to answer.", IsNumber: true),
                ],
            },

            Get("/me", "getMe", "Who the credentials belong to, and how far they go.", MyHandlers.GetAsync),
            Put<PasswordChange>(
                "/me/password",
                "setMyPassword",
                "Set another password, with the old one; ends what docker login keeps.",
                handlers.My.SetPasswordAsync) with { Events = ["user.password"] },
            List(
                "/me/tokens",
                "listMyTokens",
                "The own tokens for programs.",
                MyHandlers.ListTokensAsync,
                "part of the name",
                AccessTokenTable.Orders),
            Post<NewToken, TokenSecret>(
                "/me/tokens",
                "addMyToken",
                "Make a token, when signed in with the password; its secret is in this answer only.",
                handlers.My.AddTokenAsync) with { Events = ["token.add"] },
            Delete(
                "/me/tokens/{id}",
                "deleteMyToken",
                "Revoke a token; a token may revoke itself.",
                MyHandlers.DeleteTokenAsync) with { Events = ["token.delete"] },

            List(
                "/me/sessions",
                "listMySessions",
                "Where one is signed in: browsers, and the logins that docker keeps.",
                MyHandlers.ListSessionsAsync,
                "part of the name",
                []),
            Delete(
                "/me/sessions",
                "deleteMySessions",
                "End all of them; tokens go on.",
                MyHandlers.DeleteSessionsAsync) with { Events = ["session.end"] },
            Delete(
                "/me/sessions/{id}",
                "deleteMySession",
                "End one of them.",
                MyHandlers.DeleteSessionAsync) with { Events = ["session.end"] },

            Get("/me/identities", "listMyIdentities", "Who one is elsewhere, and may sign in as.", MyHandlers.ListIdentitiesAsync),
            Delete(
                "/me/identities/{id}",
                "deleteMyIdentity",
                "Sign in that way no longer; the only way in stays.",
                MyHandlers.DeleteIdentityAsync) with { Events = ["user.unlink"] },

            List(
                "/me/watches",
                "listMyWatches",
                "The repositories, spaces and searches that one watches, of which /feeds/mine.atom tells.",
                WatchHandlers.ListAsync),
            Put("/me/watch", "watch", "Watch a repository, a space or a search.", WatchHandlers.AddAsync) with { Query = watched },
            Delete("/me/watch", "unwatch", "Watch it no longer.", WatchHandlers.RemoveAsync) with { Query = watched },
            Put(
                "/me/star",
                "star",
                "Give a repository a star.",
                WatchHandlers.StarAsync) with { Query = [name with { Name = "repository" }] },
            Delete(
                "/me/star",
                "unstar",
                "Take the star back.",
                WatchHandlers.UnstarAsync) with { Query = [name with { Name = "repository" }] },

            List("/users", "listUsers", "All users, for admins.", UserHandlers.ListAsync, "part of the name", UserTable.Orders),
            Post<NewUser, User>(
                "/users",
                "addUser",
                "Make a user, with a space of the same name; for admins.",
                handlers.Users.AddAsync) with { Events = ["user.add"] },
            Get("/users/{user}", "getUser", "A user, for admins.", UserHandlers.GetAsync),
            Patch<UserChange, User>(
                "/users/{user}",
                "changeUser",
                "Make a user an admin or an ordinary one, disable or enable; for admins.",
                handlers.Users.ChangeAsync) with { Events = ["user.admin", "user.disable", "user.enable"] },
            Put<NewPassword>(
                "/users/{user}/password",
                "setUserPassword",
                "Set a user's password, for admins; ends what docker login keeps.",
                handlers.Users.SetPasswordAsync) with { Events = ["user.password"] },

            Delete(
                "/users/{user}",
                "deleteUser",
                "Remove a user who owns nothing any more, for admins: tokens and rights end, the name stays taken.",
                handlers.Users.DeleteAsync) with { Events = ["user.delete"] },

            List(
                "/spaces",
                "listSpaces",
                "The spaces that one belongs to: owns, is in a team of, or is given something in.",
                SpaceHandlers.ListAsync,
                "part of the name",
                SpaceTable.Orders,
                new QueryParameter("all", "true for all spaces there are, for admins.") { Values = ["true", "false"] }),
            Post<NewOrganization, Space>(
                "/organizations",
                "addOrganization",
                "Make an organization, whose team \"owners\" one is in.",
                SpaceHandlers.AddOrganizationAsync) with { Events = ["space.add"] },
            Get("/spaces/{space}", "getSpace", "A space.", SpaceHandlers.GetAsync),
            Patch<SpaceChange, Space>(
                "/spaces/{space}",
                "changeSpace",
                "Set how visible its new repositories are (those there are stay as they are), whether every pull is written into the audit, and what people read of it.",
                SpaceHandlers.ChangeAsync) with { Events = ["space.visibility", "space.audit-pulls", "space.describe"] },

            Post<NewSpaceName, Space>(
                "/spaces/{space}/rename",
                "renameSpace",
                "Give a space another name, for its owners; it still answers to the old one.",
                handlers.Owners.RenameAsync) with { Events = ["space.rename"], Status = StatusCodes.Status200OK },
            Delete(
                "/spaces/{space}",
                "deleteSpace",
                "Remove a space that is empty, or with everything in it, for its owners; the name stays taken.",
                handlers.Owners.RemoveAsync) with
            {
                Events = ["space.delete"],
                Query = [new QueryParameter("confirm", "The space's name: its repositories go too.")],
            },
            Post<NewOwner, SpaceOwner>(
                "/spaces/{space}/owner",
                "setSpaceOwner",
                "Offer a space to a user, for its owners; hand it over, for admins.",
                OwnerHandlers.SetAsync) with { Events = ["space.owner", "space.offer"], Status = StatusCodes.Status200OK },
            Delete(
                "/spaces/{space}/owner",
                "withdrawSpaceOffer",
                "Take back the offer of a space.",
                OwnerHandlers.WithdrawAsync) with { Events = ["space.offer.withdraw"] },
            List("/me/offers", "listMyOffers", "The spaces that one is offered.", OwnerHandlers.ListOffersAsync, "part of the name", []),
            Post<SpaceOwner>(
                "/me/offers/{space}",
                "acceptMyOffer",
                "Take a space that one is offered.",
                OwnerHandlers.AcceptAsync) with { Events = ["space.owner"] },
            Delete(
                "/me/offers/{space}",
                "declineMyOffer",
                "Turn down a space that one is offered.",
                OwnerHandlers.DeclineAsync) with { Events = ["space.offer.withdraw"] },

            List(
                "/spaces/{space}/offers",
                "listOffers",
                "The repositories that a space is offered, for who manages it.",
                MoveHandlers.ListOffersAsync,
                "part of the repository or of who offers it",
                RepositoryOfferTable.Orders),
            Post<RepositoryMoved>(
                "/spaces/{space}/offers/{id}",
                "acceptOffer",
                "Take a repository that a space is offered.",
                handlers.Moves.AcceptAsync) with { Events = ["repository.transfer"] },
            Delete(
                "/spaces/{space}/offers/{id}",
                "declineOffer",
                "Turn down a repository that a space is offered.",
                MoveHandlers.DeclineAsync) with { Events = ["repository.offer.decline"] },

            List(
                "/spaces/{space}/default-grants",
                "listDefaultGrants",
                "What new repositories give to whom, for who manages the target.",
                DefaultGrantHandlers.ListAsync,
                "part of the target or of a name",
                GrantTable.Orders,
                new QueryParameter("target", "Only what is said of this target and below it; unless told, of the whole space.")),
            Post<NewDefaultGrant, DefaultGrant>(
                "/spaces/{space}/default-grants",
                "addDefaultGrant",
                "Let new repositories give rights; needs the right to manage the target, and these rights.",
                DefaultGrantHandlers.AddAsync) with { Events = ["default-grant.add"] },
            Delete(
                "/spaces/{space}/default-grants/{id}",
                "deleteDefaultGrant",
                "Let new repositories no longer give that; what was given stays.",
                DefaultGrantHandlers.DeleteAsync) with { Events = ["default-grant.delete"] },

            List(
                "/spaces/{space}/teams",
                "listTeams",
                "The teams, for their members and who manages the space.",
                TeamHandlers.ListAsync,
                "part of the name",
                []),
            Post<Team, Team>(
                "/spaces/{space}/teams",
                "addTeam",
                "Make a team in an organization.",
                TeamHandlers.AddAsync) with { Events = ["team.add"] },
            Get("/spaces/{space}/teams/{team}", "getTeam", "A team, who is in it, and by whose word.", TeamHandlers.GetAsync),
            List(
                "/spaces/{space}/teams/{team}/members",
                "listTeamMembers",
                "Who is in a team, and by whose word, for its members and who manages the space.",
                TeamHandlers.ListMembersAsync,
                "part of the name",
                []),
            Delete(
                "/spaces/{space}/teams/{team}",
                "deleteTeam",
                "Remove a team and what it was given.",
                TeamHandlers.DeleteAsync) with { Events = ["team.delete"] },
            Put(
                "/spaces/{space}/teams/{team}/members/{user}",
                "addTeamMember",
                "Take a user into a team; needs the rights that the team has.",
                TeamHandlers.AddMemberAsync) with { Events = ["team.member.add"] },
            Delete(
                "/spaces/{space}/teams/{team}/members/{user}",
                "removeTeamMember",
                "Remove a user from a team; the last owner stays.",
                TeamHandlers.RemoveMemberAsync) with { Events = ["team.member.remove"] },

            List(
                "/spaces/{space}/grants",
                "listGrants",
                "Who was given what, for who manages the target.",
                GrantHandlers.ListAsync,
                "part of the target, or of who was given it",
                GrantTable.Orders,
                new QueryParameter("target", "Only what is given on this target and below it; unless told, the whole space.")),
            Post<NewGrant, Grant>(
                "/spaces/{space}/grants",
                "addGrant",
                "Give rights to a user, a team or a robot; needs the right to manage the target, and these rights.",
                GrantHandlers.AddAsync) with { Events = ["grant.add"] },
            Put<GrantChanged, Grant>(
                "/spaces/{space}/grants/{id}",
                "changeGrant",
                "Let what was given be other rights, for other tags or until another time, to the same on the same target; needs what giving it needs.",
                GrantHandlers.ChangeAsync) with { Events = ["grant.change"] },
            Delete(
                "/spaces/{space}/grants/{id}",
                "deleteGrant",
                "Take away what was given.",
                GrantHandlers.DeleteAsync) with { Events = ["grant.delete"] },

            List(
                "/spaces/{space}/robots",
                "listRobots",
                "The robots, for who manages the space.",
                RobotHandlers.ListAsync,
                "part of the name",
                RobotTable.Orders),
            Post<NewRobot, RobotSecret>(
                "/spaces/{space}/robots",
                "addRobot",
                "Make a robot with its first grant; its secret is in this answer only, unless it is keyless and has none.",
                handlers.Robots.AddAsync) with { Events = ["robot.add"] },
            Post<RobotSecret>(
                "/spaces/{space}/robots/{robot}/secret",
                "setRobotSecret",
                "Give a robot another secret; the old one is void, the new one in this answer only.",
                handlers.Robots.SetSecretAsync) with { Events = ["robot.secret"] },
            Patch<RobotChange, Robot>(
                "/spaces/{space}/robots/{robot}",
                "changeRobot",
                "Set when a robot ends, from now on; needs the rights that the robot has.",
                RobotHandlers.ChangeAsync) with { Events = ["robot.expiry"] },
            List(
                "/spaces/{space}/robots/{robot}/trusts",
                "listRobotTrusts",
                "By whose word a keyless robot is let in, for who manages the space.",
                RobotHandlers.ListTrustsAsync),
            Post<NewTrust, Trust>(
                "/spaces/{space}/robots/{robot}/trusts",
                "addRobotTrust",
                "Let a keyless robot in by tokens of an issuer that say certain things; needs the rights that the robot has.",
                handlers.Robots.AddTrustAsync) with { Events = ["robot.trust.add"] },
            Delete(
                "/spaces/{space}/robots/{robot}/trusts/{id}",
                "deleteRobotTrust",
                "Let a keyless robot in no longer by such tokens.",
                RobotHandlers.DeleteTrustAsync) with { Events = ["robot.trust.delete"] },
            Delete(
                "/spaces/{space}/robots/{robot}",
                "deleteRobot",
                "Remove a robot and what it was given.",
                RobotHandlers.DeleteAsync) with { Events = ["robot.delete"] },

            List(
                "/spaces/{space}/links",
                "listShareLinks",
                "The links by which repositories are shared, for who manages the target; what has ended stays for a month.",
                ShareLinkHandlers.ListAsync,
                "part of the repository, the tag, or of who made it",
                ShareLinkTable.Orders,
                new QueryParameter("target", "Only those to this repository, or to what is below a target; unless told, to the whole space.")),
            Post<NewShareLink, ShareLinkSecret>(
                "/spaces/{space}/links",
                "addShareLink",
                "Share a repository, or one tag of it, by a link that needs no account; needs the rights to manage it and to pull. The link is in this answer only.",
                handlers.Links.AddAsync) with { Events = ["link.add"] },
            Delete(
                "/spaces/{space}/links/{id}",
                "deleteShareLink",
                "Revoke a link.",
                ShareLinkHandlers.DeleteAsync) with { Events = ["link.delete"] },

            List(
                "/spaces/{space}/invitations",
                "listInvitations",
                "The invitations, for who manages the target; what has ended stays for a month.",
                InvitationHandlers.ListAsync,
                "part of what it is to, or of a name",
                InvitationTable.Orders,
                new QueryParameter("target", "Only those to this target and below it; unless told, to the whole space and its teams.")),
            Post<NewInvitation, InvitationSecret>(
                "/spaces/{space}/invitations",
                "addInvitation",
                "Invite somebody into a team, or to rights; needs the rights that go with it. The link is in this answer only.",
                handlers.Invitations.AddAsync) with { Events = ["invitation.add"] },
            Delete(
                "/spaces/{space}/invitations/{id}",
                "deleteInvitation",
                "Revoke an invitation; what was accepted stays.",
                InvitationHandlers.DeleteAsync) with { Events = ["invitation.delete"] },
            Post<InvitationAnswer, AcceptedInvitation>(
                "/invitations/accept",
                "acceptInvitation",
                "Accept an invitation.",
                handlers.Invitations.AcceptAsync) with { Events = ["invitation.accept"], Status = StatusCodes.Status200OK },

            List(
                "/repositories",
                "listRepositories",
                "The repositories with content that one may pull from.",
                RepositoryHandlers.ListAsync),
            Get(
                "/repository",
                "getRepository",
                "A repository, and what one may do with it.",
                RepositoryHandlers.GetAsync) with { Query = [name] },
            Patch<RepositoryChange, Repository>(
                "/repository",
                "changeRepository",
                "Set who may pull without having been given any right, and what people read of it, for who manages it.",
                RepositoryHandlers.ChangeAsync) with { Events = ["repository.visibility", "repository.texts"], Query = [name] },
            Delete(
                "/repository",
                "deleteRepository",
                "Remove a repository with everything in it; needs the rights to manage and to delete.",
                handlers.Moves.RemoveAsync) with { Events = ["repository.delete"], Query = [name] },
            Post<NewName, RepositoryMoved>(
                "/repository/move",
                "moveRepository",
                "Give a repository another name, perhaps in another space; it still answers to the old one.",
                handlers.Moves.MoveAsync) with
            {
                Events = ["repository.rename", "repository.transfer"],
                Query = [name],
                Status = StatusCodes.Status200OK,
            },
            List(
                "/repository/aliases",
                "listAliases",
                "The names that a repository had before and still answers to, for who manages it.",
                MoveHandlers.ListAliasesAsync,
                name),
            Delete(
                "/alias",
                "freeAlias",
                "Let a repository no longer answer to a name that it had before, for who manages it; the name is free then.",
                handlers.Moves.FreeAsync) with { Events = ["repository.alias.free"], Query = [name with { Summary = "The former name." }] },
            Post<NewName, RepositoryOffer>(
                "/repository/offer",
                "offerRepository",
                "Offer a repository to a space that one may make nothing in; needs the rights to manage and to delete.",
                MoveHandlers.OfferAsync) with { Events = ["repository.offer"], Query = [name] },
            Delete(
                "/repository/offer",
                "withdrawOffer",
                "Take back the offer of a repository.",
                MoveHandlers.WithdrawAsync) with { Events = ["repository.offer.withdraw"], Query = [name] },
            Get(
                "/access/everybody",
                "getEverybodysAccess",
                "What gives anybody a right on a repository, for who manages it.",
                RepositoryHandlers.GetEverybodysRightsAsync) with { Query = [name with { Name = "repository" }] },
            Get(
                "/access",
                "getAccess",
                "What one may do with a repository and why; what others may, for who manages it.",
                RepositoryHandlers.GetRightsAsync) with
            {
                Query = [name with { Name = "repository" }, new QueryParameter("user", "Another user."), new QueryParameter("robot", "A robot of the repository's space.")],
            },

            Get(
                "/tags",
                "listTags",
                "The tags of a repository, for whoever may pull from it.",
                handlers.Content.ListTagsAsync) with { Query = ContentHandlers.OfTagList, IsOfContent = true },
            Delete(
                "/tag",
                "deleteTag",
                "Delete a tag; the manifest that it points at stays. Needs the right to delete the tag.",
                handlers.Content.DeleteTagAsync) with
            {
                Events = ["tag.delete"],
                Query = ContentHandlers.OfTag,
                IsOfContent = true,
                TakesClientTokens = false,
            },
            Get(
                "/manifests",
                "listManifests",
                "The manifests of a repository, for whoever may pull from it.",
                handlers.Content.ListManifestsAsync) with { Query = ContentHandlers.OfManifestList, IsOfContent = true },
            Delete(
                "/manifest",
                "deleteManifest",
                "Delete a manifest with all its tags. Needs the right to delete, whatever the tag.",
                handlers.Content.DeleteManifestAsync) with
            {
                Events = ["manifest.delete"],
                Query = ContentHandlers.OfManifest,
                IsOfContent = true,
                TakesClientTokens = false,
            },

            Get(
                "/packages",
                "listPackages",
                "What is installed in an image, and what of it was not read.",
                handlers.Images.ListPackagesAsync) with { Query = [.. Paging, image, platform], IsOfContent = true },
            new Operation(
                "GET",
                "/sbom",
                "getSbom",
                "The packages of an image as a CycloneDX 1.6 document.",
                null,
                typeof(object),
                StatusCodes.Status200OK,
                (call, _) => handlers.Images.GetBomAsync(call)) { Query = [image, platform], IsOfContent = true },
            Post<AttachedSbom>(
                "/sbom",
                "attachSbom",
                "Attach that document to the image, as an artifact that refers to it, for who may push there; the same image gives the same artifact.",
                handlers.Images.AttachBomAsync) with
            {
                Events = ["manifest.push"],
                Query = [image, platform],
                Status = StatusCodes.Status201Created,
                IsOfContent = true,
            },
            Get(
                "/diff",
                "getDiff",
                "What is different in two images: files, packages, configuration, layers.",
                handlers.Images.CompareAsync) with
            {
                Query = [image with { Name = "from" }, image with { Name = "to" }, platform],
                IsOfContent = true,
            },

            List(
                "/unread-images",
                "listUnreadImages",
                "The images that could not be examined, or not yet, for admins.",
                JobHandlers.ListAsync,
                "part of the repository, the digest or the cause",
                []),
            Act(
                "/unread-images/{id}/retry",
                "retryImage",
                "Have such an image examined again, for admins.",
                JobHandlers.RetryImageAsync) with { Events = ["image.retry"] },

            List(
                "/spaces/{space}/audit",
                "listSpaceAudit",
                "Who did what in a space, newest first, for who manages it.",
                AuditHandlers.OfSpaceAsync,
                AuditHandlers.Filters) with { AlsoAs = AuditReport.Lines },
            Get(
                "/jobs",
                "getJobs",
                "Background work, for admins: the queues, what waits, and which units failed with their causes.",
                JobHandlers.GetAsync),
            Get("/storage", "getStorage", "How much the registry keeps, for admins.", handlers.Storage.GetAsync),
            Delete(
                "/jobs",
                "cancelJob",
                "Take a unit of work away that is not to be done, for admins; who is at it stops.",
                JobHandlers.CancelAsync) with
            {
                Events = ["work.cancel"],
                Query = [kindOfWork, new QueryParameter("unit", "The unit, as getJobs names it.")],
            },
            Put(
                "/jobs/pause",
                "pauseJobs",
                "Let nobody take units of a kind of work any more, for admins. What is under way is done to its end.",
                JobHandlers.PauseAsync) with { Events = ["work.pause"], Query = [kindOfWork] },
            Put("/jobs/resume", "resumeJobs", "Go on with a kind of work that is paused, for admins.", JobHandlers.ResumeAsync) with
            {
                Events = ["work.resume"],
                Query = [kindOfWork],
            },
            Put("/jobs/retry", "retryJob", "Try a unit of work that failed again at once, for admins.", JobHandlers.RetryAsync) with
            {
                Events = ["work.retry"],
                Query = [new QueryParameter("kind", "The kind of work, as getJobs names it.", IsRequired: true), new QueryParameter("unit", "The unit, as getJobs names it.")],
            },
            List(
                "/audit",
                "listAudit",
                "Who did what, newest first, for admins.",
                AuditHandlers.OfRegistryAsync,
                AuditHandlers.Filters) with { AlsoAs = AuditReport.Lines },
        ];
    }

    public IReadOnlyList<Operation> Operations { get; }
}
